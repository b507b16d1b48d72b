package driver

import (
	"fmt"
	"os"
	"path/filepath"
)

// CacheFolder returns the absolute path of the folder with what runs keep for
// later ones: packages, downloads, installed stores. named is the value of
// SEBS_CACHE; if it is empty, the folder is sebs in the user's cache folder.
// Nothing is created.
func CacheFolder(named string) (string, error) {
	if named != "" {
		return filepath.Abs(named)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no folder for packages and downloads: %w; set SEBS_CACHE", err)
	}
	return filepath.Join(dir, "sebs"), nil
}
