// Package rostrum is the client of Rostrum, a leaderboard service for games, over gRPC with mutual TLS.
//
// [Connect] makes a [Client], to be shared by a whole process. Its methods take care of what is easily
// done wrong: [Client.Submit] and [Client.SubmitBatch] give each submission an id that it keeps through
// all retries, so that nothing counts twice; a [Stream] sends again what was not answered when a
// connection is lost; [Client.WatchStandings] and [Client.WatchChanges] resume by themselves, and a
// [LiveView] always holds the present standings.
//
// Everything else is a call of the generated clients, such as [Client.StandingService], over the same
// connection, with the same deadlines, retries and errors. The messages are those of
// rostrum.dev/go/rostrum/v1.
//
// Every call takes a context. A unary call whose context has no deadline ends after 10 seconds; streams
// and watches have no limit. Every error is an [*Error] with a [Reason] to decide on.
package rostrum

// Version is the version of this client.
const Version = "0.1.0"
