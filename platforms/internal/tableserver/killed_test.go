package tableserver_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/platforms/internal/tableserver"
)

// childVariable makes the test binary be the test that is killed.
const childVariable = "SEBS_TEST_TABLESERVER_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) == "" {
		os.Exit(m.Run())
	}
	g := &guard{}
	s, err := tableserver.Start(context.Background(), g, io.Discard)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Print(s.URL())
	for folder := range g.folders.Range {
		fmt.Print(" ", folder)
	}
	fmt.Println()
	_, _ = io.Copy(io.Discard, os.Stdin) // until it is killed
}

// The server ends with the process that started it, also without a guard.
func TestKilledTestLeavesNoServer(t *testing.T) {
	require.NoError(t, start(t, &guard{}).Stop()) // installed
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"=1")
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	defer stdin.Close()
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	words := strings.Fields(line)
	address := strings.TrimPrefix(words[0], "http://")
	require.NoError(t, dial(t, address))

	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())
	require.Eventually(t, func() bool { return errors.Is(dial(t, address), syscall.ECONNREFUSED) },
		time.Minute, 10*time.Millisecond, "the server still listens")
	for _, folder := range words[1:] { // what the guard would do
		require.Eventually(t, func() bool { return os.Remove(folder) == nil }, time.Minute, 10*time.Millisecond, folder)
	}
}

func dial(t *testing.T, address string) error {
	t.Helper()
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err != nil {
		return err
	}
	return c.Close()
}
