package rostrum_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// The first program of README.md is the quickstart.
func TestReadmeShowsTheQuickstart(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile("examples/quickstart/main.go")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), "```go\n"+string(program)+"```\n") {
		t.Error("README.md shows another program than examples/quickstart/main.go")
	}
}

// The blocks of README.md are what the examples do, word for word.
func TestReadmeShowsTheExamples(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)<!-- example: (\\w+) -->\n```go\n(.*?)```").FindAllStringSubmatch(string(readme), -1)
	if len(blocks) < 5 {
		t.Fatalf("README.md has %d examples", len(blocks))
	}
	for _, block := range blocks {
		_, body, found := strings.Cut(string(source), "func "+block[1]+"() {\n")
		if !found {
			t.Errorf("there is no %s", block[1])
			continue
		}
		body, _, _ = strings.Cut(body, "\n}\n")
		// The README shows what comes after the connecting, which is the same in all of them.
		for line := range strings.SplitSeq(strings.TrimSpace(block[2]), "\n") {
			if line != "" && !strings.Contains(body, "\t"+line+"\n") {
				t.Errorf("%s has no line %q", block[1], line)
			}
		}
	}
}
