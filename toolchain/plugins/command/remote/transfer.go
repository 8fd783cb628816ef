package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// As many as the SFTP library itself takes at most.
const packetsInFlight = 64

// transfer is an open SFTP session: the other machine's files.
type transfer struct {
	*sftp.Client
	connection *ssh.Client
	hangUp     func() bool
}

func open(ctx context.Context, connection Connection) (*transfer, error) {
	client, err := connection.dial(ctx)
	if err != nil {
		return nil, err
	}
	files, err := sftp.NewClient(client)
	if err != nil {
		client.Close()
		return nil, fmt.Errorf("no SFTP on %s: %w", connection.Host, err)
	}
	// A cancelled update hangs up at once, however large the file.
	return &transfer{files, client, context.AfterFunc(ctx, func() { client.Close() })}, nil
}

// Close ends the session and the connection below it.
func (t *transfer) Close() {
	t.hangUp()
	t.Client.Close()
	t.connection.Close()
}

// put copies a file or a folder, with the public schema's rules for where it ends up:
//
//	source   destination is a folder    destination is not there   destination is a file
//	file     destination/file           destination                destination, overwritten
//	folder   destination/folder         destination/folder         error
//	folder/  destination                destination                error
func (t *transfer) put(source, destination string) error {
	status, err := os.Stat(source)
	if err != nil {
		return err
	}
	there, err := t.stat(destination)
	if err != nil {
		return err
	}
	if !status.IsDir() {
		if there != nil && there.IsDir() {
			return t.putFile(source, path.Join(destination, filepath.Base(source)))
		}
		if err := t.makeParents(destination); err != nil {
			return err
		}
		return t.putFile(source, destination)
	}
	if !strings.HasSuffix(source, "/") {
		destination = path.Join(destination, filepath.Base(source))
	}
	return t.putFolder(source, destination)
}

// putText writes a text; with no file name of its own it cannot go into a folder.
func (t *transfer) putText(text, destination string) error {
	there, err := t.stat(destination)
	if err != nil {
		return err
	}
	if there != nil && there.IsDir() {
		return fmt.Errorf(
			"remote path %s is a directory; when using a text asset, remotePath must be a file path", destination)
	}
	if err := t.makeParents(destination); err != nil {
		return err
	}
	return t.write(strings.NewReader(text), destination)
}

func (t *transfer) putFolder(source, destination string) error {
	// DirFS, because it enters a source that is itself a symbolic link.
	return fs.WalkDir(os.DirFS(source), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := path.Join(destination, name)
		if !entry.IsDir() {
			return t.putFile(filepath.Join(source, name), target)
		}
		if there, err := t.stat(target); err != nil {
			return err
		} else if there != nil && !there.IsDir() {
			return fmt.Errorf("remote path %s exists but is not a directory", target)
		}
		if err := t.MkdirAll(target); err != nil {
			return fmt.Errorf("failed to create remote directory %s: %w", target, err)
		}
		return nil
	})
}

func (t *transfer) putFile(source, destination string) error {
	file, err := os.Open(source)
	if err != nil {
		return err
	}
	defer file.Close()
	return t.write(file, destination)
}

func (t *transfer) write(content io.Reader, destination string) error {
	file, err := t.Create(destination)
	if err != nil {
		return fmt.Errorf("failed to create remote file %s: %w", destination, err)
	}
	// Not ReadFrom: it drops the error of a last packet that is not full, so that on a full disk every
	// small file would be "copied" and lost.
	_, err = file.ReadFromWithConcurrency(content, packetsInFlight)
	// Some servers only find out when the file is closed that it did not fit.
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return fmt.Errorf("failed to copy to remote path %s: %w%s", destination, err, t.hint(destination))
	}
	return nil
}

// hint tells a full disk from other failures: SFTP itself has one word for all of them.
func (t *transfer) hint(destination string) string {
	disk, err := t.StatVFS(path.Dir(destination))
	if err != nil || disk.Bavail > 0 {
		return ""
	}
	return ": the disk there is full"
}

func (t *transfer) makeParents(destination string) error {
	if err := t.MkdirAll(path.Dir(destination)); err != nil {
		return fmt.Errorf("failed to create parent directories for %s: %w", destination, err)
	}
	return nil
}

// stat says what is at the place; nil when nothing is.
func (t *transfer) stat(place string) (fs.FileInfo, error) {
	status, err := t.Stat(place)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("failed to stat remote path %s: %w", place, err)
	}
	return status, nil
}
