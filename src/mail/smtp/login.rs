//! How we say who we are. An access token (XOAUTH2) is valid for an hour or so: then a program prints the current one
//! before each login.

use std::process::Stdio;
use std::time::Duration;

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::time::timeout;

use crate::config::{SmtpAuth, SmtpSettings};
use crate::model::{SendOutcome, SmtpPhase};

/// Longest password or token a program may print, in bytes.
const PASSWORD_MAX: u64 = 16 << 10;

/// A login, and the ways it may be said.
pub(super) struct Login {
    pub(super) mechanisms: Vec<Mechanism>,
    name: String,
    password: Password,
}

enum Password {
    Known(String),
    /// Program and arguments that print it.
    Printed(Vec<String>),
}

impl Login {
    /// `None` without a user name.
    pub(super) fn new(settings: &SmtpSettings) -> Option<Self> {
        let name = settings.username.clone()?;
        let password = if settings.password_command.is_empty() {
            let known = settings.password.as_ref().map_or("", |secret| secret.expose());
            Password::Known(known.to_owned())
        } else {
            Password::Printed(settings.password_command.clone())
        };
        let mechanisms = match settings.auth {
            SmtpAuth::Any => vec![Mechanism::Plain, Mechanism::Login, Mechanism::Xoauth2],
            SmtpAuth::Plain => vec![Mechanism::Plain],
            SmtpAuth::Login => vec![Mechanism::Login],
            SmtpAuth::Xoauth2 => vec![Mechanism::Xoauth2],
        };
        Some(Self {
            mechanisms,
            name,
            password,
        })
    }

    /// The name with the password as it is now.
    pub(super) async fn credentials(&self, limit: Duration) -> Result<Credentials, SendOutcome> {
        let password = match &self.password {
            Password::Known(password) => password.clone(),
            Password::Printed(command) => match timeout(limit, printed(command)).await {
                Ok(Ok(password)) => password,
                Ok(Err(error)) => return Err(failed(&error)),
                Err(_) => return Err(failed("`password_command` did not end in time")),
            },
        };
        Ok(Credentials::new(self.name.clone(), password))
    }
}

async fn printed(command: &[String]) -> Result<String, String> {
    let (program, arguments) = command.split_first().ok_or("`password_command` is empty")?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|e| format!("`password_command`: unable to run `{program}`: {e}"))?;
    let mut password = String::new();
    if let Some(output) = child.stdout.take() {
        let read = output.take(PASSWORD_MAX).read_to_string(&mut password).await;
        read.map_err(|e| format!("`password_command`: {e}"))?;
    }
    let status = child.wait().await.map_err(|e| format!("`password_command`: {e}"))?;
    match password.trim_end_matches(['\r', '\n']) {
        _ if !status.success() => Err(format!("`password_command` ended with {status}")),
        "" => Err("`password_command` printed nothing".to_owned()),
        password => Ok(password.to_owned()),
    }
}

fn failed(error: &str) -> SendOutcome {
    SendOutcome::NotSent {
        phase: SmtpPhase::Auth,
        error: error.to_owned(),
    }
}
