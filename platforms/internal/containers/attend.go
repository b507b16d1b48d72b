package containers

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/sebs-go/sebs/harness/environment"
)

// attend starts a container, copies what it prints to log, and waits for it.
// The container's standard input is open as long as this process attends it.
// Nothing is written to log after it returned.
func (e *Engine) attend(ctx context.Context, id, name string, log io.Writer) error {
	attached, err := e.ContainerAttach(ctx, id, container.AttachOptions{Stream: true, Stdin: true, Stdout: true, Stderr: true})
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	last := &tail{log: log}
	var logErr error
	copied := make(chan struct{})
	go func() {
		defer close(copied)
		_, logErr = stdcopy.StdCopy(last, last, attached.Reader)
	}()
	defer func() {
		attached.Close()
		<-copied
	}()
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	ended, failed := e.ContainerWait(waiting, id, container.WaitConditionNextExit)
	if err := e.ContainerStart(ctx, id, container.StartOptions{}); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	var status container.WaitResponse
	printed := copied
	for waits := true; waits; {
		select {
		case status = <-ended:
			waits = false
		case <-printed:
			if logErr != nil { // nobody reads what it prints: it would wait for ever
				return fmt.Errorf("%s: its log: %w", name, logErr)
			}
			printed = nil
		case err := <-failed:
			if ctx.Err() != nil {
				err = ctx.Err()
			}
			return fmt.Errorf("%s: wait for its container: %w", name, err)
		}
	}
	select {
	case <-copied:
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", name, ctx.Err())
	}
	switch {
	case status.Error != nil:
		return fmt.Errorf("%s: %s", name, status.Error.Message)
	case status.StatusCode != 0:
		return fmt.Errorf("%s: exit status %d%s", name, status.StatusCode, last)
	case logErr != nil:
		return fmt.Errorf("%s: its log: %w", name, logErr)
	}
	return nil
}

// discardTime bounds the removal of what a run leaves.
const discardTime = 30 * time.Second

// Discard removes a container, running or not, and its anonymous volumes, also
// when ctx is done. When it returns the container is gone. One that does not
// exist is not an error.
func (e *Engine) Discard(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), discardTime)
	defer cancel()
	err := e.ContainerRemove(ctx, id, container.RemoveOptions{Force: true, RemoveVolumes: true})
	if err == nil || errdefs.IsNotFound(err) {
		return nil
	}
	if !gone(err) {
		return err
	}
	removed, failed := e.ContainerWait(ctx, id, container.WaitConditionRemoved) // by somebody else
	select {
	case <-removed:
		return nil
	case err := <-failed:
		if errdefs.IsNotFound(err) {
			return nil
		}
		return err
	}
}

// gone says whether an error is that a thing does not exist, or is being
// removed already.
func gone(err error) bool {
	return errdefs.IsNotFound(err) || err != nil && strings.Contains(err.Error(), "is already in progress")
}

// tail passes output on to a log, and keeps the last lines for an error.
type tail struct {
	log  io.Writer
	last []byte
}

// The bounds of the output that an error shows.
const (
	tailLines = 30
	tailBytes = 8 << 10
)

func (t *tail) Write(p []byte) (int, error) {
	t.last = append(t.last, p...)
	if over := len(t.last) - tailBytes; over > 0 {
		t.last = append(t.last[:0], t.last[over:]...)
	}
	return t.log.Write(p)
}

// String returns the last lines, introduced as such.
func (t *tail) String() string {
	text := strings.TrimRight(environment.Plain(string(t.last)), "\n ")
	if text == "" {
		return ", without any output"
	}
	lines := strings.Split(text, "\n")
	return "; the end of its log:\n" + strings.Join(lines[max(len(lines)-tailLines, 0):], "\n")
}
