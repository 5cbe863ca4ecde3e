//! What is said in an LMTP session (RFC 2033, RFC 5321): a line comes, a reply goes. Pure.

/// Recipients of one mail.
pub const RECIPIENTS_MAX: usize = 50;
/// Mails of one connection.
const MAILS_MAX: usize = 200;
/// Faults after which a client is cut off.
const FAULTS_MAX: usize = 20;
/// Bytes of an address (RFC 5321 section 4.5.3.1.3).
const PATH_BYTES_MAX: usize = 256;

/// What follows a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// This reply, and the next line.
    Reply(String),
    /// This reply, and the end.
    Close(String),
    /// 354, and the message.
    Message,
}

/// One session.
#[derive(Debug, Default)]
pub struct Session {
    host: String,
    message_max: usize,
    is_greeted: bool,
    sender: Option<String>,
    recipients: Vec<String>,
    n_mails: usize,
    n_faults: usize,
}

impl Session {
    /// A session that names itself `host` and takes messages of so many bytes.
    pub fn new(host: &str, message_max: usize) -> Self {
        Self {
            host: host.to_owned(),
            message_max,
            ..Self::default()
        }
    }

    /// The first line.
    pub fn greeting(&self) -> String {
        format!("220 {} LMTP Courant", self.host)
    }

    /// Sender and recipients of the message that has come; the session is ready for the next one.
    pub fn take_envelope(&mut self) -> (String, Vec<String>) {
        self.n_mails += 1;
        (
            self.sender.take().unwrap_or_default(),
            std::mem::take(&mut self.recipients),
        )
    }

    /// Answers a line.
    pub fn line(&mut self, line: &str) -> Next {
        let line = line.trim_end();
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let reply = match verb.to_ascii_uppercase().as_str() {
            "LHLO" => self.lhlo(rest),
            "HELO" | "EHLO" => Err("500 5.5.1 this is LMTP: say LHLO"),
            "MAIL" => self.mail(rest),
            "RCPT" => self.rcpt(rest),
            "DATA" if self.recipients.is_empty() => Err("503 5.5.1 no recipient was accepted"),
            "DATA" => return Next::Message,
            "RSET" => {
                self.sender = None;
                self.recipients.clear();
                Ok("250 2.0.0 forgotten".to_owned())
            }
            "NOOP" => Ok("250 2.0.0 fine".to_owned()),
            "VRFY" => Ok("252 2.5.0 send a mail and see".to_owned()),
            "QUIT" => return Next::Close("221 2.0.0 goodbye".to_owned()),
            _ => Err("500 5.5.2 command not known"),
        };
        match reply {
            Ok(reply) => Next::Reply(reply),
            Err(reply) => {
                self.n_faults += 1;
                if self.n_faults > FAULTS_MAX {
                    return Next::Close("421 4.7.0 too many errors".to_owned());
                }
                Next::Reply(reply.to_owned())
            }
        }
    }

    fn lhlo(&mut self, name: &str) -> Result<String, &'static str> {
        if name.trim().is_empty() {
            return Err("501 5.5.4 name yourself");
        }
        self.is_greeted = true;
        self.sender = None;
        self.recipients.clear();
        Ok(format!(
            "250-{}\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE {}",
            self.host, self.message_max
        ))
    }

    fn mail(&mut self, rest: &str) -> Result<String, &'static str> {
        if !self.is_greeted {
            return Err("503 5.5.1 say LHLO first");
        }
        if self.sender.is_some() {
            return Err("503 5.5.1 one mail at a time");
        }
        if self.n_mails >= MAILS_MAX {
            return Err("452 4.5.3 enough for one connection; come again");
        }
        let (path, parameters) = path(rest, "FROM:").ok_or("501 5.5.4 write MAIL FROM:<address>")?;
        for parameter in parameters.split_ascii_whitespace() {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            match name.to_ascii_uppercase().as_str() {
                "SIZE" if value.parse::<usize>().is_ok_and(|size| size > self.message_max) => {
                    return Err("552 5.3.4 the message is too large");
                }
                "SIZE" | "BODY" | "SMTPUTF8" | "RET" | "ENVID" => {}
                _ => return Err("555 5.5.4 parameter not known"),
            }
        }
        self.sender = Some(path.to_owned());
        Ok("250 2.1.0 go on".to_owned())
    }

    fn rcpt(&mut self, rest: &str) -> Result<String, &'static str> {
        if self.sender.is_none() {
            return Err("503 5.5.1 say MAIL first");
        }
        if self.recipients.len() >= RECIPIENTS_MAX {
            return Err("452 4.5.3 too many recipients");
        }
        let (path, _) = path(rest, "TO:").ok_or("501 5.5.4 write RCPT TO:<address>")?;
        if path.is_empty() || !path.contains('@') {
            return Err("501 5.1.3 no address with a domain");
        }
        self.recipients.push(path.to_owned());
        Ok("250 2.1.5 go on".to_owned())
    }
}

/// `FROM:<a@b> SIZE=1`: the address without brackets and source route, and what follows.
fn path<'a>(rest: &'a str, keyword: &str) -> Option<(&'a str, &'a str)> {
    let head = rest.get(..keyword.len())?;
    let rest = rest.get(keyword.len()..)?.trim_start();
    let (inside, after) = rest.strip_prefix('<')?.split_once('>')?;
    let address = if inside.starts_with('@') {
        inside.split_once(':')?.1
    } else {
        inside
    };
    let fine = head.eq_ignore_ascii_case(keyword)
        && address.len() <= PATH_BYTES_MAX
        && !address.contains(|c: char| c.is_control() || c.is_whitespace() || c == '<');
    fine.then_some((address, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines and the first word of what each is answered; `354` for the message.
    #[track_caller]
    fn check(lines: &[(&str, &str)]) {
        let mut session = Session::new("mx.example.org", 1000);
        for (line, expected) in lines {
            let next = session.line(line);
            let reply = match &next {
                Next::Reply(reply) | Next::Close(reply) => reply.as_str(),
                Next::Message => "354",
            };
            assert!(reply.starts_with(expected), "{line}: {reply}");
        }
    }

    #[test]
    fn a_mail_is_taken() {
        check(&[
            ("LHLO relay.example.org", "250-mx.example.org"),
            ("MAIL FROM:<anna@example.net> SIZE=900 BODY=8BITMIME", "250"),
            ("RCPT TO:<news+subscribe@example.org>", "250"),
            ("rcpt to:<@old.example:news@example.org>", "250"),
            ("DATA", "354"),
        ]);
        let mut session = Session::new("h", 1000);
        for line in ["LHLO x", "MAIL FROM:<>", "RCPT TO:<news@example.org>"] {
            session.line(line);
        }
        assert_eq!(
            session.take_envelope(),
            (String::new(), vec!["news@example.org".to_owned()])
        );
        assert!(matches!(session.line("DATA"), Next::Reply(reply) if reply.starts_with("503")));
    }

    #[test]
    fn faults_are_named_and_counted() {
        check(&[
            ("MAIL FROM:<a@example.net>", "503"),
            ("EHLO x", "500 5.5.1 this is LMTP"),
            ("LHLO", "501"),
            ("LHLO x", "250"),
            ("RCPT TO:<a@example.net>", "503"),
            ("MAIL FROM:a@example.net", "501"),
            ("MAIL FROM:<a@example.net> SIZE=1001", "552"),
            ("MAIL FROM:<a@example.net> AUTH=<>", "555"),
            ("MAIL FROM:<a@example.net>", "250"),
            ("MAIL FROM:<a@example.net>", "503"),
            ("RCPT TO:<news>", "501"),
            ("RCPT TO:<a b@example.org>", "501"),
            ("DATA", "503"),
            ("RSET", "250"),
            ("VRFY news", "252"),
            ("STARTTLS", "500"),
            ("QUIT", "221"),
        ]);
        let mut session = Session::new("h", 1000);
        let ends = (0..40).position(|_| matches!(session.line("BLAH"), Next::Close(_)));
        assert_eq!(ends, Some(FAULTS_MAX));
    }
}
