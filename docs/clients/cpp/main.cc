// Submits a score to Rostrum, and reads the reason of an error.

#include <google/rpc/code.pb.h>
#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>
#include <grpcpp/grpcpp.h>
#include <rostrum/v1/score.grpc.pb.h>
#include <rostrum/v1/standing.grpc.pb.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Uses the certificate authority, and the identity of that name, in a directory.
std::shared_ptr<grpc::Channel> Connect(const std::string& directory, const std::string& identity) {
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = ReadFile(directory + "/ca.crt");
  tls.pem_private_key = ReadFile(directory + "/" + identity + ".key");
  tls.pem_cert_chain = ReadFile(directory + "/" + identity + ".crt");
  const char* address = std::getenv("ROSTRUM_ADDRESS");
  return grpc::CreateChannel(address ? address : "localhost:50051", grpc::SslCredentials(tls));
}

std::chrono::system_clock::time_point InTenSeconds() {
  return std::chrono::system_clock::now() + std::chrono::seconds(10);
}

// The reason of an error and what belongs to it; nothing if the error has none, because it does
// not come from Rostrum.
std::optional<google::rpc::ErrorInfo> ErrorInfoOf(const grpc::Status& error) {
  google::rpc::Status status;
  if (!status.ParseFromString(error.error_details())) return std::nullopt;
  google::rpc::ErrorInfo info;
  for (const auto& detail : status.details()) {
    if (detail.UnpackTo(&info)) return info;
  }
  return std::nullopt;
}

void Run() {
  const auto channel = Connect("certs/dev", "writer");

  rostrum::v1::SubmitScoreRequest request;
  auto* submission = request.mutable_submission();
  submission->set_leaderboard_id("arena-cpp");
  submission->set_player_id("ada");
  submission->set_score(1200);
  submission->set_submission_id("match-4711");  // sent again with the same id, it counts once
  rostrum::v1::SubmitScoreResponse answer;
  grpc::ClientContext submitting;
  submitting.set_deadline(InTenSeconds());
  const auto scores = rostrum::v1::ScoreService::NewStub(channel);
  if (const auto error = scores->SubmitScore(&submitting, request, &answer); !error.ok()) {
    throw std::runtime_error(error.error_message());
  }
  const auto& result = answer.result();
  std::cout << rostrum::v1::Outcome_Name(result.outcome()) << " rank " << result.standing().rank()
            << " of " << result.total_players() << std::endl;

  rostrum::v1::GetStandingRequest nobody;
  nobody.set_leaderboard_id("arena-cpp");
  nobody.set_player_id("nobody");
  rostrum::v1::GetStandingResponse standing;
  grpc::ClientContext asking;
  asking.set_deadline(InTenSeconds());
  const auto standings = rostrum::v1::StandingService::NewStub(channel);
  if (const auto error = standings->GetStanding(&asking, nobody, &standing); !error.ok()) {
    const auto info = ErrorInfoOf(error);
    if (!info) throw std::runtime_error(error.error_message());
    const auto code = static_cast<google::rpc::Code>(error.error_code());
    std::cout << google::rpc::Code_Name(code) << ' ' << info->reason() << ' '
              << info->metadata().at("player_id") << std::endl;
  }
}

}  // namespace

int main() try {
  Run();
} catch (const std::exception& error) {
  std::cerr << error.what() << std::endl;
  return 1;
}
