package rostrum

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	rostrumv1 "rostrum.dev/go/rostrum/v1"
)

// ViewState says what the standings of a LiveView are worth.
type ViewState int

// The states of a LiveView.
const (
	// ViewConnecting: there are no standings yet.
	ViewConnecting ViewState = iota
	// ViewLive: the standings are what the server last told.
	ViewLive
	// ViewInterrupted: the watch was lost and is being resumed; the standings may be old.
	ViewInterrupted
	// ViewClosed: the view is over, and the standings do not change any more.
	ViewClosed
)

// String returns connecting, live, interrupted or closed.
func (s ViewState) String() string {
	return [...]string{"connecting", "live", "interrupted", "closed"}[s]
}

// View is what a LiveView holds at one time. Everything in it is shared: do not change it.
type View struct {
	// Standings are best first; empty until the first snapshot.
	Standings []*rostrumv1.Standing
	// TotalPlayers is how many players the ranking has.
	TotalPlayers int32
	// Revision is that of the ranking; 0 until the first snapshot.
	Revision int64
	State    ViewState
	// Err is why the view is interrupted or closed; nil where Close, or leaving a loop, closed it.
	Err error
	// Since is when the state began.
	Since time.Time
}

// Update is a later View, and what is different in its standings.
type Update struct {
	View
	// Changes since the update before; none in the first one.
	Changes []*rostrumv1.RankChange
}

// LiveView always holds the present standings of a part of a ranking. Close it, or end its context.
type LiveView struct {
	connection *connection
	cancel     context.CancelFunc
	done       chan struct{}

	mu      sync.Mutex
	live    liveStandings
	view    View
	version int // of the standings; 0 until the first snapshot
	closing bool
	changed chan struct{}
}

// LiveView watches a view of a ranking and keeps its present standings at hand. Its watch is that of
// WatchStandings; the request has no resume_token, for it begins with a snapshot. It connects at once,
// and returns before it is connected: Ready waits for the first standings.
//
// Errors: ErrInvalidField, ErrInvalidOptions, ErrClientClosed; those of WatchStandings are the view's
// Err.
func (c *Client) LiveView(ctx context.Context, request *rostrumv1.WatchStandingsRequest, options ...WatchOption) (*LiveView, error) {
	if request == nil {
		return nil, invalidField("", "the request is nil")
	}
	if request.GetResumeToken() != "" {
		return nil, invalidField("resume_token", "a live view begins with a snapshot and resumes by itself: leave it out, or go on after it with WatchStandings")
	}
	settings, err := watchSettingsOf(options)
	if err != nil {
		return nil, err
	}
	if err := c.connection.begin(ctx); err != nil {
		return nil, err
	}
	c.connection.views.Add(1)
	c.connection.operations.Done() // each call of the watch is counted by itself
	ctx, cancel := context.WithCancel(ctx)
	v := &LiveView{connection: c.connection, cancel: cancel, done: make(chan struct{}), changed: make(chan struct{})}
	v.view.Since = time.Now()
	own := []WatchOption{
		OnInterrupted(func(cause *Error, wait time.Duration) {
			v.become(ViewInterrupted, cause)
			if settings.onInterrupted != nil {
				v.tell(func() { settings.onInterrupted(cause, wait) })
			}
		}),
		OnLive(func() {
			if settings.onLive != nil {
				v.tell(settings.onLive)
			}
		}),
	}
	if settings.awaitLeaderboard {
		own = append(own, AwaitLeaderboard())
	}
	events := c.WatchStandings(ctx, request, own...)
	go v.follow(events)
	return v, nil
}

func (v *LiveView) tell(callback func()) {
	v.connection.telling.Add(1)
	defer v.connection.telling.Add(-1)
	callback()
}

func (v *LiveView) follow(events iter.Seq2[*rostrumv1.WatchStandingsResponse, error]) {
	defer v.connection.views.Done()
	defer v.cancel()
	defer close(v.done)
	var failure error
	for event, err := range events {
		if err != nil {
			failure = err
			break
		}
		v.apply(event)
	}
	v.mu.Lock()
	if v.closing {
		failure = nil
	}
	v.mu.Unlock()
	v.become(ViewClosed, failure)
}

func (v *LiveView) apply(event *rostrumv1.WatchStandingsResponse) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.live.apply(event) {
		v.version++
		v.view.Standings, v.view.TotalPlayers = v.live.standings, v.live.totalPlayers
	}
	v.view.Revision = event.GetRevision()
	if v.view.State != ViewLive {
		v.view.State, v.view.Err, v.view.Since = ViewLive, nil, time.Now()
	}
	v.announce()
}

func (v *LiveView) become(state ViewState, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.view.State, v.view.Err, v.view.Since = state, err, time.Now()
	v.announce()
}

func (v *LiveView) announce() {
	close(v.changed)
	v.changed = make(chan struct{})
}

// Now is what the view holds now.
func (v *LiveView) Now() View {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.view
}

// Changed returns a channel that is closed when what Now returns next changes. Ask for it before Now,
// and again after each change.
func (v *LiveView) Changed() <-chan struct{} {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.changed
}

// Ready waits for the first standings. Its error is what closed the view before, ErrViewClosed where
// that was Close, or the end of the context.
func (v *LiveView) Ready(ctx context.Context) error {
	for {
		v.mu.Lock()
		changed, view, version := v.changed, v.view, v.version
		v.mu.Unlock()
		switch {
		case version > 0:
			return nil
		case view.State == ViewClosed && view.Err != nil:
			return view.Err
		case view.State == ViewClosed:
			return &Error{Code: codes.Canceled, Reason: ErrViewClosed, Message: "the live view was closed before it had its first standings"}
		}
		if err := await(ctx, changed); err != nil {
			return err
		}
	}
}

// Updates gives the present standings and then each later state of them. A loop that is slower than
// the changes skips states in between: it then gets one update with all differences since its last.
// Leaving the loop leaves the view open. The loop ends when the view is closed by Close, and with an
// error where something else closed it, or where the context of the loop ends.
func (v *LiveView) Updates(ctx context.Context) iter.Seq2[Update, error] {
	return func(yield func(Update, error) bool) {
		seen := 0
		var before []*rostrumv1.Standing
		for {
			v.mu.Lock()
			changed, view, version := v.changed, v.view, v.version
			v.mu.Unlock()
			switch {
			case version != seen:
				update := Update{View: view}
				if seen > 0 {
					update.Changes = rankChanges(before, view.Standings)
				}
				seen, before = version, view.Standings
				if !yield(update, nil) {
					return
				}
				continue
			case view.State == ViewClosed && view.Err != nil:
				yield(Update{}, view.Err)
				return
			case view.State == ViewClosed:
				return
			}
			if err := await(ctx, changed); err != nil {
				yield(Update{}, err)
				return
			}
		}
	}
}

// Close ends the watch, and returns when it is down. It never fails; closing twice is fine.
func (v *LiveView) Close() error {
	v.mu.Lock()
	if v.view.State != ViewClosed {
		v.closing = true
	}
	v.mu.Unlock()
	v.cancel()
	if v.connection.telling.Load() == 0 {
		<-v.done
	}
	return nil
}

// liveStandings are the standings of a view, kept current by applying its events in order.
type liveStandings struct {
	byPlayer     map[string]*rostrumv1.Standing
	places       map[string]int32 // by player, where the place is not the rank
	standings    []*rostrumv1.Standing
	totalPlayers int32
}

// apply applies the next event, and says whether the standings may be others now.
func (l *liveStandings) apply(event *rostrumv1.WatchStandingsResponse) bool {
	switch event := event.GetEvent().(type) {
	case *rostrumv1.WatchStandingsResponse_Snapshot:
		standings, places := event.Snapshot.GetStandings(), event.Snapshot.GetPlaces()
		l.byPlayer, l.places = make(map[string]*rostrumv1.Standing, len(standings)), map[string]int32{}
		for i, standing := range standings {
			l.byPlayer[standing.GetPlayerId()] = standing
			// Those that are not told follow the last one that is.
			if last := len(places) - 1; last >= 0 {
				l.places[standing.GetPlayerId()] = places[min(i, last)] + int32(max(i-last, 0))
			}
		}
		l.totalPlayers = event.Snapshot.GetTotalPlayers()
	case *rostrumv1.WatchStandingsResponse_Changes:
		if l.byPlayer == nil {
			l.byPlayer, l.places = map[string]*rostrumv1.Standing{}, map[string]int32{}
		}
		for _, change := range event.Changes.GetChanges() {
			delete(l.places, change.GetPlayerId())
			if change.GetStanding() == nil {
				delete(l.byPlayer, change.GetPlayerId())
				continue
			}
			l.byPlayer[change.GetPlayerId()] = change.GetStanding()
			if change.Place != nil {
				l.places[change.GetPlayerId()] = change.GetPlace()
			}
		}
		l.totalPlayers = event.Changes.GetTotalPlayers()
	default:
		return false
	}
	l.sort()
	return true
}

func (l *liveStandings) sort() {
	sorted := make([]*rostrumv1.Standing, 0, len(l.byPlayer))
	for playerID, standing := range l.byPlayer {
		// Players whose place did not change are not told again, and yet their percentile moves with
		// the number of players.
		percentile := percentileOf(standing.GetRank(), l.totalPlayers)
		if percentile != standing.GetPercentile() {
			standing = proto.CloneOf(standing)
			standing.Percentile = percentile
			l.byPlayer[playerID] = standing
		}
		sorted = append(sorted, standing)
	}
	slices.SortFunc(sorted, func(a, b *rostrumv1.Standing) int { return cmp.Compare(l.place(a), l.place(b)) })
	l.standings = sorted
}

func (l *liveStandings) place(standing *rostrumv1.Standing) int32 {
	if place, ok := l.places[standing.GetPlayerId()]; ok {
		return place
	}
	return standing.GetRank()
}

// percentileOf is the formula of Standing.percentile in the contract.
func percentileOf(rank, totalPlayers int32) float64 {
	if totalPlayers <= 1 {
		return 100
	}
	return 100 * float64(totalPlayers-rank) / float64(totalPlayers-1)
}

// rankChanges is how one state of a view differs from an earlier one. Percentiles alone make no
// difference.
func rankChanges(before, after []*rostrumv1.Standing) []*rostrumv1.RankChange {
	var changes []*rostrumv1.RankChange
	left := make(map[string]*rostrumv1.Standing, len(before))
	for _, standing := range before {
		left[standing.GetPlayerId()] = standing
	}
	for _, standing := range after {
		playerID := standing.GetPlayerId()
		previous, known := left[playerID]
		delete(left, playerID)
		change := &rostrumv1.RankChange{Kind: rostrumv1.RankChange_KIND_ENTERED, PlayerId: playerID, Standing: standing}
		if known {
			if previous == standing {
				continue
			}
			change.Kind = rostrumv1.RankChange_KIND_MOVED
			if previous.GetRank() == standing.GetRank() {
				change.Kind = rostrumv1.RankChange_KIND_UPDATED
				if isSameEntry(previous, standing) {
					continue
				}
			}
			setPrevious(change, previous)
		}
		changes = append(changes, change)
	}
	for _, previous := range before {
		if left[previous.GetPlayerId()] == nil {
			continue
		}
		change := &rostrumv1.RankChange{Kind: rostrumv1.RankChange_KIND_LEFT, PlayerId: previous.GetPlayerId()}
		setPrevious(change, previous)
		changes = append(changes, change)
	}
	return changes
}

func setPrevious(change *rostrumv1.RankChange, previous *rostrumv1.Standing) {
	change.PreviousRank = proto.Int32(previous.GetRank())
	change.PreviousScore = proto.Float64(previous.GetScore())
}

func isSameEntry(a, b *rostrumv1.Standing) bool {
	a = proto.CloneOf(a)
	a.Percentile = b.GetPercentile()
	return proto.Equal(a, b)
}
