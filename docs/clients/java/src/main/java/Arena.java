import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import dev.rostrum.v1.GetStandingRequest;
import dev.rostrum.v1.ScoreResult;
import dev.rostrum.v1.ScoreServiceGrpc;
import dev.rostrum.v1.ScoreSubmission;
import dev.rostrum.v1.StandingServiceGrpc;
import dev.rostrum.v1.SubmitScoreRequest;
import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.protobuf.StatusProto;
import java.io.File;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Submits a score to Rostrum, and reads the reason of an error. */
public final class Arena {
  public static void main(String[] arguments) throws Exception {
    ManagedChannel channel = connect(new File("certs/dev"), "writer");
    try {
      ScoreSubmission submission =
          ScoreSubmission.newBuilder()
              .setLeaderboardId("arena-java")
              .setPlayerId("ada")
              .setScore(1200)
              .setSubmissionId("match-4711") // sent again with the same id, it counts once
              .build();
      ScoreResult result =
          ScoreServiceGrpc.newBlockingStub(channel)
              .withDeadlineAfter(10, TimeUnit.SECONDS)
              .submitScore(SubmitScoreRequest.newBuilder().setSubmission(submission).build())
              .getResult();
      System.out.printf(
          "%s rank %d of %d%n",
          result.getOutcome(), result.getStanding().getRank(), result.getTotalPlayers());

      try {
        StandingServiceGrpc.newBlockingStub(channel)
            .withDeadlineAfter(10, TimeUnit.SECONDS)
            .getStanding(
                GetStandingRequest.newBuilder()
                    .setLeaderboardId("arena-java")
                    .setPlayerId("nobody")
                    .build());
      } catch (StatusRuntimeException error) {
        ErrorInfo info = errorInfo(error).orElseThrow(() -> error);
        System.out.printf(
            "%s %s %s%n",
            error.getStatus().getCode(), info.getReason(), info.getMetadataOrThrow("player_id"));
      }
    } finally {
      channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
    }
  }

  /**
   * The reason of an error and what belongs to it; empty where the error has none, because it does
   * not come from Rostrum.
   */
  static Optional<ErrorInfo> errorInfo(Throwable error) throws InvalidProtocolBufferException {
    com.google.rpc.Status status = StatusProto.fromThrowable(error);
    if (status == null) return Optional.empty();
    for (Any detail : status.getDetailsList()) {
      if (detail.is(ErrorInfo.class)) return Optional.of(detail.unpack(ErrorInfo.class));
    }
    return Optional.empty();
  }

  /** Uses the certificate authority, and the identity of that name, in a directory. */
  static ManagedChannel connect(File directory, String identity) throws IOException {
    ChannelCredentials credentials =
        TlsChannelCredentials.newBuilder()
            .trustManager(new File(directory, "ca.crt"))
            .keyManager(
                new File(directory, identity + ".crt"), new File(directory, identity + ".key"))
            .build();
    String address = System.getenv().getOrDefault("ROSTRUM_ADDRESS", "localhost:50051");
    return Grpc.newChannelBuilder(address, credentials).build();
  }
}
