//! Messages as files: written under another name, synced, and renamed into place, so that a reader never sees half.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::Outgoing;

/// Why a file is not known to be there.
#[derive(Debug)]
pub(super) enum Failed {
    /// It never appeared.
    Before(io::Error),
    /// It appeared, and may have been read, but a power cut could take it back.
    After(io::Error),
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Before(error)
    }
}

/// Writes `2026-03-02-daily-1f3a9c2b-17.eml`, and the page of a digest beside it.
pub(super) fn write_pages(folder: &Path, message: &Outgoing) -> Result<String, Failed> {
    make_folder(folder)?;
    let day: String = message.dated_at.rfc3339().chars().take(10).collect();
    let name = format!("{day}-{}-{}-{}", safe(&message.label), recipient(message), message.id);
    if !message.html.is_empty() {
        put(folder, folder, &format!("{name}.html"), message.html.as_bytes())?;
    }
    // Last: the message counts as delivered when its file is there.
    put(folder, folder, &format!("{name}.eml"), &message.bytes)?;
    Ok(format!("{}/{name}.eml", folder.display()))
}

/// Delivers into a Maildir, making it where it is missing.
pub(super) fn write_maildir(maildir: &Path, message: &Outgoing) -> Result<String, Failed> {
    for part in ["tmp", "new", "cur"] {
        make_folder(&maildir.join(part))?;
    }
    let name = format!(
        "{}.Q{}R{}.courant",
        message.dated_at.unix(),
        message.id,
        recipient(message)
    );
    put(&maildir.join("tmp"), &maildir.join("new"), &name, &message.bytes)?;
    Ok(format!("{}/new/{name}", maildir.display()))
}

/// Eight characters that stand for the recipient, so that no address is in a file name.
fn recipient(message: &Outgoing) -> String {
    let hash = Sha256::digest(message.envelope.to.to_lowercase().as_bytes());
    let short: Vec<u8> = hash.iter().copied().take(4).collect();
    data_encoding::HEXLOWER.encode(&short)
}

fn safe(label: &str) -> String {
    label
        .chars()
        .take(40)
        .map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' })
        .collect()
}

fn put(by_way_of: &Path, folder: &Path, name: &str, bytes: &[u8]) -> Result<(), Failed> {
    put_with(by_way_of, folder, name, bytes, |folder| File::open(folder)?.sync_all())
}

/// As [`put`], with another way to make the folder durable.
fn put_with(
    by_way_of: &Path,
    folder: &Path,
    name: &str,
    bytes: &[u8],
    sync: impl Fn(&Path) -> io::Result<()>,
) -> Result<(), Failed> {
    let part = by_way_of.join(format!(".{name}.part"));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&part, folder.join(name))?;
    // The rename itself must outlast a power cut too.
    sync(folder).map_err(Failed::After)
}

fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::smtp::Envelope;
    use crate::model::DeliveryId;
    use crate::time::Timestamp;

    fn message() -> Outgoing {
        Outgoing {
            id: DeliveryId::new(17),
            label: "daily/../x".into(),
            dated_at: Timestamp::from_unix(1_772_434_800),
            envelope: Envelope {
                from: "news@example.org".into(),
                to: "anna@example.com".into(),
            },
            bytes: b"Subject: x\r\n\r\nhello\r\n"[..].into(),
            html: "<p>hello".into(),
        }
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_folder_gets_the_mail_and_its_page_once() {
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            write_pages(folder.path(), &message()).unwrap();
        }
        let stem = names(folder.path())[0].trim_end_matches(".eml").to_owned();
        assert!(
            stem.starts_with("2026-03-02-daily____x-") && stem.ends_with("-17"),
            "{stem}"
        );
        assert_eq!(names(folder.path()), [format!("{stem}.eml"), format!("{stem}.html")]);
        assert_eq!(
            fs::read(folder.path().join(format!("{stem}.eml"))).unwrap(),
            message().bytes
        );
    }

    #[test]
    fn what_appeared_did_not_fail_before() {
        let folder = tempfile::tempdir().unwrap();
        let broken = |_: &Path| Err(io::Error::other("the disk does not answer"));
        let failed = put_with(folder.path(), folder.path(), "x.eml", b"hello", broken).unwrap_err();
        assert!(matches!(failed, Failed::After(_)), "{failed:?}");
        assert_eq!(names(folder.path()), ["x.eml"]);
        let missing = folder.path().join("missing");
        let failed = put(folder.path(), &missing, "x.eml", b"hello").unwrap_err();
        assert!(matches!(failed, Failed::Before(_)), "{failed:?}");
    }

    #[test]
    fn a_maildir_gets_it_in_new() {
        let folder = tempfile::tempdir().unwrap();
        write_maildir(folder.path(), &message()).unwrap();
        assert_eq!(names(&folder.path().join("new")).len(), 1);
        assert_eq!(names(&folder.path().join("tmp")).len(), 0);
    }
}
