//! `courant subscribers bounces` and `release`: what came back, and an address given back.

use std::time::Duration;

use super::super::table::{Color, Table};
use super::super::{Exit, Refused};
use super::address;
use crate::context::Ctx;
use crate::store::bounces;
use crate::store::subscribers::{self, Step};
use crate::token;

/// Most reports listed.
const ROWS_MAX: usize = 500;

/// Lists reports of the last days.
pub async fn list(ctx: &Ctx, days: u32) -> anyhow::Result<Exit> {
    let after = ctx.now().minus(Duration::from_hours(24) * days);
    let rows = ctx.db.read(move |c| bounces::list(c, after, ROWS_MAX)).await?;
    if rows.is_empty() {
        println!("Nothing came back in the last {days} days.");
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["when", "address", "kind", "status", "ended", "reason"]);
    for row in rows {
        let address = if row.address.is_empty() {
            "(erased)".to_owned()
        } else {
            row.address
        };
        let color = if row.ended { Color::Red } else { Color::Plain };
        table.row(vec![
            row.at.rfc3339().chars().take(16).collect::<String>().into(),
            address.into(),
            super::super::table::Cell(row.kind, color),
            row.status.into(),
            if row.ended { "yes" } else { "no" }.into(),
            row.words.into(),
        ]);
    }
    table.print();
    Ok(Exit::Done)
}

/// Lets an address be mailed again.
pub async fn release(ctx: &Ctx, text: &str) -> anyhow::Result<Exit> {
    let address = address(text)?;
    let hash = token::address_hash(&ctx.token_key().await?, &address.key());
    let (key, now) = (address.key(), ctx.now());
    let (was, back) = ctx
        .db
        .write(move |tx| {
            let was = subscribers::suppression(tx, &hash)?;
            let person = subscribers::find(tx, &key)?;
            let back = bounces::release(tx, &hash, person.map(|p| p.id), now)?;
            for id in &back {
                subscribers::add_consent(tx, *id, Step::Changed, "admin", "released", now)?;
            }
            Ok((was, back.len()))
        })
        .await?;
    let Some(was) = was else {
        let message = format!("{} is not kept from being mailed", address.typed());
        return Err(Refused::new(Exit::Data, message).into());
    };
    println!("{} may be mailed again (it was kept from it: {was}).", address.typed());
    match back {
        0 => println!("No subscription was given back; it can subscribe anew."),
        n => println!("{n} subscriptions that had ended for bounces go on."),
    }
    Ok(Exit::Done)
}
