use super::*;
use crate::model::{Choices, Frequency};
use crate::subscribe::answer::holds;
use crate::subscribe::choose::Names;

#[tokio::test]
async fn what_holds_says_each_thing_once() {
    let world = World::new("").await;
    let config = world.ctx.config();
    let (digest, languages) = (&config.digests[0], &config.mail.languages);
    for language in languages.all() {
        for frequency in [
            Frequency::Default,
            Frequency::Daily,
            Frequency::Weekdays,
            Frequency::Weekly("thu".to_owned()),
        ] {
            let choices = Choices {
                frequency: frequency.clone(),
                ..Choices::default()
            };
            let rows = holds(&choices, digest, &Names::default(), languages, NOW, language);
            let labels: Vec<&str> = rows.iter().map(|(label, _)| label.as_str()).collect();
            let wanted = [language.say("hold_when", &[]), language.say("hold_what", &[])];
            assert_eq!(labels, wanted, "{frequency:?}");
            let names_the_day = rows[0].1.contains(language.weekday(3));
            assert_eq!(
                names_the_day,
                frequency == Frequency::Weekly("thu".to_owned()),
                "{rows:?}"
            );
        }
    }
}
