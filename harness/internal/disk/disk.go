// Package disk says how much room there is on a disk.
package disk

import (
	"fmt"
	"syscall"
)

// Free returns how many bytes this user may still write on the disk of a folder.
func Free(folder string) (uint64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(folder, &s); err != nil {
		return 0, err
	}
	return s.Bavail * uint64(s.Bsize), nil
}

// Size returns a number of bytes for people.
func Size(bytes uint64) string {
	if bytes < 1e9 {
		return fmt.Sprintf("%d MB", bytes/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(bytes)/1e9)
}
