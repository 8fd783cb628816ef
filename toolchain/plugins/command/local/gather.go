package local

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/gobwas/glob"
	"github.com/pulumi/pulumi-go-provider/infer/types"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// gather adds the files the command was asked to leave behind.
func gather(results *Results, settings Settings) error {
	dir := ""
	if settings.Dir != nil {
		dir = *settings.Dir
	}
	if settings.AssetPaths != nil {
		found, err := matching(dir, *settings.AssetPaths)
		if err != nil {
			return err
		}
		assets := map[string]*types.AssetOrArchive{}
		for name, asset := range found {
			assets[name] = &types.AssetOrArchive{Asset: asset}
		}
		results.Assets = &assets
	}
	if settings.ArchivePaths != nil {
		found, err := matching(dir, *settings.ArchivePaths)
		if err != nil {
			return err
		}
		members := map[string]any{}
		for name, asset := range found {
			members[name] = asset
		}
		if results.Archive, err = resource.NewAssetArchive(members); err != nil {
			return err
		}
	}
	return nil
}

type rule struct {
	pattern glob.Glob
	exclude bool
}

// matching lists files below dir by relative path; of all rules that match a file the last decides.
func matching(dir string, globs []string) (map[string]*resource.Asset, error) {
	if dir == "" {
		here, err := os.Getwd()
		if err != nil {
			return nil, err
		}
		dir = here
	}
	rules := make([]rule, 0, len(globs))
	for _, text := range globs {
		positive, exclude := strings.CutPrefix(text, "!")
		pattern, err := glob.Compile(positive, '/')
		if err != nil {
			return nil, fmt.Errorf("glob %q: %w", text, err)
		}
		rules = append(rules, rule{pattern, exclude})
	}
	found := map[string]*resource.Asset{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !included(rules, name) {
			return err
		}
		asset, err := resource.NewPathAsset(path.Join(dir, name))
		found[name] = asset
		return err
	})
	return found, err
}

func included(rules []rule, name string) bool {
	verdict := false
	for _, rule := range rules {
		if rule.pattern.Match(name) {
			verdict = !rule.exclude
		}
	}
	return verdict
}
