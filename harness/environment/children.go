package environment

import "slices"

// The kinds of children.
var (
	// Query is a program that is asked what it is: an interpreter, a compiler,
	// a package manager.
	Query = Child{
		Name:   "query",
		passes: slices.Concat(user, managers),
		sets:   []string{"LC_ALL=C", "GOENV=off", "GOFLAGS=", "GOTOOLCHAIN=local"},
	}

	// Install is what builds a package: the installer of a language, a
	// benchmark's init.sh and package.sh, and the installer of a store. It
	// reaches registries as the user does.
	Install = Child{
		Name:   "install",
		passes: slices.Concat(user, managers, network, certificates, pip, npm, golang, maven, git, libraries),
		sets:   []string{"LANG=C.UTF-8", "GIT_TERMINAL_PROMPT=0", "PIP_NO_INPUT=1"},
	}

	// Container is Install in a container, where no path of this machine
	// holds: what names files is mounted and set there.
	Container = Child{
		Name: "container",
		passes: slices.Concat(network, []string{
			"PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_DEFAULT_TIMEOUT", "PIP_RETRIES", "PIP_NO_INDEX", "PIP_PREFER_BINARY",
			"NPM_CONFIG_REGISTRY", "npm_config_registry", "NPM_CONFIG_STRICT_SSL", "npm_config_strict_ssl",
			"GOPROXY", "GONOPROXY", "GOPRIVATE", "GOSUMDB", "GONOSUMDB", "GOINSECURE",
		}),
	}

	// Input is a benchmark's input.py.
	Input = Child{
		Name:   "input",
		passes: slices.Concat(user, managers, network, certificates),
		sets:   []string{"LANG=C.UTF-8", "PYTHONUTF8=1", "PYTHONHASHSEED=0", "PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1"},
	}

	// Server is a store that runs as a child process.
	Server = Child{Name: "server", passes: slices.Concat(user, managers), sets: []string{"LANG=C.UTF-8"}}

	// Function is a function on this machine: it has what the platform and its
	// specification say.
	Function = Child{Name: "function", sets: []string{"LANG=C.UTF-8"}}

	// Git is git, asked about the checkout that is measured from.
	Git = Child{
		Name:   "git",
		passes: slices.Concat(user, []string{"XDG_CONFIG_HOME"}),
		sets:   []string{"LC_ALL=C", "GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0"},
	}

	// System is a program of the system (uname, ps, sh), and the guard with
	// the commands that it runs.
	System = Child{Name: "system", sets: []string{"PATH=/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL=C"}}
)

// Children lists all kinds.
func Children() []Child {
	return []Child{Query, Install, Container, Input, Server, Function, Git, System}
}

// What passes, by what it is for.
var (
	user = []string{"PATH", "HOME", "USER", "LOGNAME", "TMPDIR"}

	// managers say which of several versions the program on the PATH is.
	managers = []string{
		"PYENV_ROOT", "PYENV_VERSION", "NODENV_ROOT", "NODENV_VERSION", "NVM_DIR", "VOLTA_HOME",
		"ASDF_DIR", "ASDF_DATA_DIR", "MISE_DATA_DIR", "JENV_ROOT", "JENV_VERSION", "SDKMAN_DIR", "JAVA_HOME",
	}

	network = []string{
		"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy",
	}

	certificates = []string{
		"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NIX_SSL_CERT_FILE",
		"NODE_EXTRA_CA_CERTS", "PIP_CERT", "PIP_CLIENT_CERT", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "CARGO_HTTP_CAINFO",
	}

	pip = []string{
		"PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX", "PIP_TRUSTED_HOST", "PIP_PROXY",
		"PIP_CONFIG_FILE", "PIP_DEFAULT_TIMEOUT", "PIP_TIMEOUT", "PIP_RETRIES", "PIP_CACHE_DIR", "PIP_NO_CACHE_DIR",
		"PIP_CONSTRAINT", "PIP_PREFER_BINARY", "PIP_KEYRING_PROVIDER", "NETRC",
		"XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME",
	}

	// npm reads its variables in capitals too.
	npm = slices.Concat([]string{"NPM_TOKEN", "NODE_AUTH_TOKEN", "npm_config_//*", "npm_config_@*"},
		npmSettings("npm_config_",
			"registry", "userconfig", "globalconfig", "cache", "cafile", "ca", "cert", "key", "strict_ssl",
			"proxy", "https_proxy", "noproxy", "fetch_retries", "fetch_timeout", "maxsockets", "prefer_offline", "offline", "nodedir"),
		npmSettings("NPM_CONFIG_",
			"REGISTRY", "USERCONFIG", "GLOBALCONFIG", "CACHE", "CAFILE", "CA", "CERT", "KEY", "STRICT_SSL",
			"PROXY", "HTTPS_PROXY", "NOPROXY", "FETCH_RETRIES", "FETCH_TIMEOUT", "MAXSOCKETS", "PREFER_OFFLINE", "OFFLINE", "NODEDIR"))

	golang = []string{
		"GOPROXY", "GONOPROXY", "GOPRIVATE", "GOSUMDB", "GONOSUMDB", "GOINSECURE", "GOAUTH", "GOVCS",
		"GOENV", "GOPATH", "GOMODCACHE", "GOCACHE",
	}

	maven = []string{"MAVEN_HOME", "MAVEN_OPTS", "MAVEN_ARGS"}

	git = []string{"SSH_AUTH_SOCK", "GIT_SSH_COMMAND"}

	// libraries say where a compiler finds those that the system does not have.
	libraries = []string{"CMAKE_PREFIX_PATH", "PKG_CONFIG_PATH", "SDKROOT", "DEVELOPER_DIR"}
)

func npmSettings(prefix string, names ...string) []string {
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = prefix + name
	}
	return all
}

// telling are the variables whose users expect an effect on what is built or
// measured, unless they pass or are harmless.
var telling = []string{
	"PYTHON*", "NODE_OPTIONS", "NODE_PATH", "NODE_ENV", "UV_THREADPOOL_SIZE",
	"JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "JDK_JAVAC_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH",
	"GOFLAGS", "GOROOT", "GODEBUG", "GOEXPERIMENT", "GOGC", "GOMEMLIMIT", "GOMAXPROCS", "GOAMD64", "GOARM64",
	"CC", "CXX", "CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS", "CPATH", "LIBRARY_PATH",
	"LD_*", "DYLD_*", "GLIBC_TUNABLES", "MALLOC_*",
	"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS",
	"PIP_*", "npm_config_*", "NPM_CONFIG_*", "BASH_ENV", "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE",
}

// harmless are those of telling that change how a tool prints or what it
// caches.
var harmless = []string{
	"PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PYTHONIOENCODING", "PYTHONUTF8", "PYTHONPYCACHEPREFIX", "PYTHON_COLORS",
	"PYTHONSTARTUP", "PYTHON_HISTORY",
	"PIP_DISABLE_PIP_VERSION_CHECK", "PIP_ROOT_USER_ACTION", "PIP_NO_COLOR", "PIP_PROGRESS_BAR", "PIP_NO_INPUT", "PIP_QUIET", "PIP_VERBOSE",
	"npm_config_loglevel", "npm_config_audit", "npm_config_fund", "npm_config_update_notifier", "npm_config_user_agent",
	"npm_config_color", "npm_config_yes", "npm_config_progress", "LD_LIBRARY_PATH_ORIG",
}
