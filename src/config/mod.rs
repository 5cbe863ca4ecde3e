//! The configuration: read, checked, and swapped whole on reload.

mod settings;

pub use settings::{
    CompanySettings, Config, DaemonSettings, DatabaseSettings, DigestSettings, InboundSettings, LatePolicy,
    LimitSettings, LogFormat, LogSettings, MailSettings, PollSettings, RateSettings, Secret, SmtpSettings, SmtpTls,
    StorySettings, ThemeSettings, Transport, UncertainPolicy, WebSettings,
};
