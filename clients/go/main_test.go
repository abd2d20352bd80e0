package rostrum_test

import (
	"testing"

	"rostrum.dev/go/rostrum/internal/testservice"
)

var service *testservice.Service

func TestMain(m *testing.M) { testservice.Main(m, &service) }
