package process

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"strconv"
	"time"
)

// watchInterval is how often the watchdog looks.
const watchInterval = 50 * time.Millisecond

// groupUse returns what the sessions of this machine's processes use: a
// sandbox's process leads a session, which holds its group and the groups that
// are made in it.
func groupUse() (map[int]use, error) {
	pids, err := running()
	if err != nil {
		return nil, err
	}
	page := int64(os.Getpagesize())
	all := map[int]use{}
	for _, pid := range pids {
		stat, err := os.ReadFile("/proc/" + pid + "/stat")
		if err != nil {
			continue // it has ended
		}
		// The fields after the name, which may hold anything: state, parent,
		// group, session; threads are the 18th of them, resident pages the 22nd.
		f := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
		if len(f) < 22 {
			continue
		}
		session, err1 := strconv.Atoi(string(f[3]))
		threads, err2 := strconv.Atoi(string(f[17]))
		pages, err3 := strconv.ParseInt(string(f[21]), 10, 64)
		if err1 != nil || err2 != nil || err3 != nil {
			continue
		}
		u := all[session]
		all[session] = use{memory: u.memory + pages*page, processes: u.processes + threads}
	}
	return all, nil
}

// strays returns the processes of the sandbox with the private folder dir, by
// their environment.
func strays(dir string) []int {
	pids, err := running()
	if err != nil {
		return nil
	}
	var found []int
	for _, pid := range pids {
		env, err := os.ReadFile("/proc/" + pid + "/environ")
		if err == nil && bytes.Contains(env, []byte("TMPDIR="+dir+"\x00")) {
			if n, err := strconv.Atoi(pid); err == nil {
				found = append(found, n)
			}
		}
	}
	return found
}

// running returns the ids of all processes that can be seen.
func running() ([]string, error) {
	proc, err := os.Open("/proc")
	if err != nil {
		return nil, err
	}
	names, err := proc.Readdirnames(-1)
	return slices.DeleteFunc(names, func(name string) bool { return name[0] < '0' || name[0] > '9' }), errors.Join(err, proc.Close())
}
