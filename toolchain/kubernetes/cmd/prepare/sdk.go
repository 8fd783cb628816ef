package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

const sdk = "github.com/pulumi/pulumi-kubernetes/sdk/v4"

// What the provider imports of the SDK, and what that imports once kinds.go is slimmed.
var used = []string{".", "utilities", "meta/v1", "apiextensions", "helm/v4", "yaml/v2"}

// slimSDK copies those packages. The one file that drags in all the others is yaml/v2/kinds.go: it
// gives each of 300 kinds a Go type of its own, from 60 packages that take 4 GB and 10 minutes to
// compile. The provider only registers those resources and never looks into them, so the type of
// resources nobody foresaw does for all; tokens, which the engine sees, stay as they are.
func slimSDK(target string) error {
	// In a module where it is not replaced: there go.sum says what must come.
	upstream, err := moduleFolder("upstream", sdk)
	if err != nil {
		return err
	}
	for _, name := range used {
		from := filepath.Join(upstream, "go", "kubernetes", name)
		to := filepath.Join(target, "go", "kubernetes", name)
		if err := os.MkdirAll(to, 0o755); err != nil {
			return err
		}
		files, err := filepath.Glob(filepath.Join(from, "*"))
		if err != nil {
			return err
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			status, err := os.Stat(file)
			if err != nil {
				return err
			}
			if status.IsDir() {
				continue
			}
			if err := copyFile(file, filepath.Join(to, filepath.Base(file))); err != nil {
				return err
			}
		}
	}
	return slimKinds(filepath.Join(target, "go", "kubernetes", "yaml", "v2", "kinds.go"))
}

var (
	typed    = regexp.MustCompile(`(?m)^(\t+var res )[A-Za-z0-9]+\.[A-Za-z0-9]+$`)
	imported = regexp.MustCompile(`(?m)^\t(?:[a-z0-9]+ )?"` + regexp.QuoteMeta(sdk) + `/go/kubernetes/([^"]+)"\n`)
)

func slimKinds(path string) error {
	source, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	kinds := len(typed.FindAll(source, -1))
	if kinds < 100 {
		return fmt.Errorf("%s: only %d kinds found: this version looks different", path, kinds)
	}
	source = typed.ReplaceAll(source, []byte("${1}apiextensions.CustomResource"))
	source = imported.ReplaceAllFunc(source, func(line []byte) []byte {
		if string(imported.FindSubmatch(line)[1]) == "apiextensions" {
			return line
		}
		return nil
	})
	return os.WriteFile(path, source, 0o644)
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o644)
}

// moduleFolder downloads a module, checks it against the go.sum there, and says where it is.
func moduleFolder(in, module string) (string, error) {
	command := exec.Command("go", "mod", "download", "-json", module)
	command.Dir = in
	output, err := command.Output()
	var answer struct{ Dir, Error string }
	if json.Unmarshal(output, &answer) == nil && answer.Error != "" {
		return "", errors.New(answer.Error)
	}
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return "", fmt.Errorf("%s: %w: %s", module, err, failed.Stderr)
	}
	return answer.Dir, err
}
