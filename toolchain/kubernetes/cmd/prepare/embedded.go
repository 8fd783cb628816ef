package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

const provider = "github.com/pulumi/pulumi-kubernetes/provider/v4"

// writeEmbedded copies upstream's schema and Terraform mapping, without the whitespace they are
// stored with (the schema is 11 MB of it), and with the version the schema lacks.
func writeEmbedded(target, version string) error {
	upstream, err := moduleFolder(".", provider)
	if err != nil {
		return err
	}
	upstream = filepath.Join(upstream, "cmd", "pulumi-resource-kubernetes")
	schema, err := os.ReadFile(filepath.Join(upstream, "schema.json"))
	if err != nil {
		return err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(schema, &members); err != nil {
		return fmt.Errorf("schema.json: %w", err)
	}
	if members["version"], err = json.Marshal(version); err != nil {
		return err
	}
	if schema, err = json.Marshal(members); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(target, "schema.json"), schema, 0o644); err != nil {
		return err
	}
	mapping, err := os.ReadFile(filepath.Join(upstream, "terraform-mapping.json"))
	if err != nil {
		return err
	}
	var small bytes.Buffer
	if err := json.Compact(&small, mapping); err != nil {
		return fmt.Errorf("terraform-mapping.json: %w", err)
	}
	return os.WriteFile(filepath.Join(target, "terraform-mapping.json"), small.Bytes(), 0o644)
}
