//! `courant subscribers proof`: the steps of every consent, exported or checked.

use super::super::Exit;
use crate::context::Ctx;
use crate::store::subscribers::{self, chain_holds};

/// Writes every consent as a line of JSON, with whether its chain holds; or only says how many hold.
pub async fn proof(ctx: &Ctx, check: bool) -> anyhow::Result<Exit> {
    let proofs = ctx.db.read(subscribers::proofs).await?;
    let (mut n_broken, mut n_steps) = (0, 0);
    for proof in &proofs {
        let holds = chain_holds(proof.subscription, &proof.steps);
        n_steps += proof.steps.len();
        n_broken += usize::from(!holds);
        if !check {
            let line = serde_json::json!({
                "address": proof.address, "digest": proof.digest, "subscription": proof.subscription.get(),
                "holds": holds, "steps": proof.steps,
            });
            println!("{line}");
        } else if !holds {
            println!("{} {}: the chain is broken", proof.address, proof.digest);
        }
    }
    if check {
        println!(
            "{} of {} consents hold, {n_steps} steps.",
            proofs.len() - n_broken,
            proofs.len()
        );
    }
    Ok(if n_broken > 0 { Exit::Data } else { Exit::Done })
}
