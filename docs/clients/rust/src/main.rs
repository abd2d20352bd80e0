//! Submits a score to Rostrum, and reads the reason of an error.

use std::{env, error::Error, fs, time::Duration};

use tonic::Request;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic_types::StatusExt;

use rostrum::v1::score_service_client::ScoreServiceClient;
use rostrum::v1::standing_service_client::StandingServiceClient;
use rostrum::v1::{GetStandingRequest, ScoreSubmission, SubmitScoreRequest};

#[allow(dead_code)] // this program uses only a part of the contract
mod rostrum {
    pub mod v1 {
        tonic::include_proto!("rostrum.v1");
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let channel = connect("certs/dev", "writer").await?;

    let submission = ScoreSubmission {
        leaderboard_id: "arena-rust".into(),
        player_id: "ada".into(),
        score: 1200.0,
        submission_id: "match-4711".into(), // sent again with the same id, it counts once
        ..Default::default()
    };
    let answer = ScoreServiceClient::new(channel.clone())
        .submit_score(within_ten_seconds(SubmitScoreRequest {
            submission: Some(submission),
        }))
        .await?;
    let result = answer.into_inner().result.unwrap_or_default();
    let outcome = result.outcome().as_str_name();
    let rank = result.standing.unwrap_or_default().rank;
    println!("{outcome} rank {rank} of {}", result.total_players);

    let nobody = GetStandingRequest {
        leaderboard_id: "arena-rust".into(),
        player_id: "nobody".into(),
        ..Default::default()
    };
    if let Err(status) = StandingServiceClient::new(channel)
        .get_standing(within_ten_seconds(nobody))
        .await
    {
        // The reason of an error and what belongs to it. An error that does not come from Rostrum
        // has none.
        let Some(info) = status.get_details_error_info() else {
            return Err(status.into());
        };
        println!(
            "{:?} {} {}",
            status.code(),
            info.reason,
            info.metadata["player_id"]
        );
    }
    Ok(())
}

fn within_ten_seconds<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(Duration::from_secs(10));
    request
}

/// Uses the certificate authority, and the identity of that name, in a directory.
async fn connect(directory: &str, identity: &str) -> Result<Channel, Box<dyn Error>> {
    let read = |file: String| fs::read(format!("{directory}/{file}"));
    let tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(read("ca.crt".into())?))
        .identity(Identity::from_pem(
            read(format!("{identity}.crt"))?,
            read(format!("{identity}.key"))?,
        ));
    let address = env::var("ROSTRUM_ADDRESS").unwrap_or("localhost:50051".into());
    let endpoint = Endpoint::from_shared(format!("https://{address}"))?.tls_config(tls)?;
    Ok(endpoint.connect().await?)
}
