package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// runExec is the subcommand `exec`, a command for exec probes: it takes steps in the order in which its flags name
// them, and returns the exit code.
func runExec(arguments []string) int {
	flags := flag.NewFlagSet("exec", flag.ExitOnError)
	code := flags.Int("exit", 0, "exit code, after all steps")
	quiet := flags.Bool("spawn-quiet", false, "what -spawn starts does not hold stdout and stderr open")
	var steps []func() error
	step := func(name, usage string, parse func(string) (func() error, error)) {
		flags.Func(name, usage, func(value string) error {
			parsed, err := parse(value)
			steps = append(steps, parsed)
			return err
		})
	}
	step("stdout", "`text` to write to stdout; \\n and \\xff mean what they mean to Go", writing(os.Stdout))
	step("stderr", "`text` to write to stderr", writing(os.Stderr))
	step("size", "`number` of bytes to write to stdout", func(value string) (func() error, error) {
		size, err := strconv.Atoi(value)
		return func() error { return write(os.Stdout, strings.Repeat("0123456789abcde\n", size/16+1)[:size]) }, err
	})
	step("print", "`things` about this process to write to stdout, with commas: "+known(), printing)
	step("sleep", "`duration` to wait", func(value string) (func() error, error) {
		duration, err := time.ParseDuration(value)
		return func() error { time.Sleep(duration); return nil }, err
	})
	step("spawn", "start a child that lives for this `duration`", func(value string) (func() error, error) {
		return func() error { return spawn(value, *quiet) }, nil
	})
	step("write", "`path` of a file to write", func(path string) (func() error, error) {
		return func() error { return os.WriteFile(path, []byte("written\n"), 0o644) }, nil
	})
	step("signal", "`name` of the signal to die of: HUP, INT, KILL, TERM", func(name string) (func() error, error) {
		number, found := signals[name]
		if !found {
			return nil, errors.New("not one of them")
		}
		return func() error { return die(number) }, nil
	})
	flags.BoolFunc("ignore-term", "ignore SIGTERM from here on", func(string) error {
		steps = append(steps, func() error { signal.Ignore(syscall.SIGTERM); return nil })
		return nil
	})
	flags.Parse(arguments)
	if flags.NArg() > 0 {
		// What a shell would have understood; here it is text.
		fmt.Fprintf(os.Stderr, "%q are not understood\n", flags.Args())
		return 2
	}
	for _, take := range steps {
		if err := take(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return *code
}

var signals = map[string]syscall.Signal{
	"HUP": syscall.SIGHUP, "INT": syscall.SIGINT, "KILL": syscall.SIGKILL, "TERM": syscall.SIGTERM,
}

func write(to io.Writer, text string) error {
	_, err := io.WriteString(to, text)
	return err
}

func writing(to io.Writer) func(string) (func() error, error) {
	return func(value string) (func() error, error) {
		text, err := unquote(value)
		return func() error { return write(to, text) }, err
	}
}

// die does not return, unless the signal can't be sent.
func die(number syscall.Signal) error {
	if err := syscall.Kill(os.Getpid(), number); err != nil {
		return err
	}
	select {}
}

func spawn(duration string, quiet bool) error {
	child := exec.Command("/proc/self/exe", "exec", "-sleep", duration)
	if !quiet {
		child.Stdout, child.Stderr = os.Stdout, os.Stderr
	}
	return child.Start()
}

// facts are the things that -print knows, but for `env:NAME`.
var facts = map[string]func() (string, error){
	"uid":      func() (string, error) { return strconv.Itoa(os.Getuid()), nil },
	"gid":      func() (string, error) { return strconv.Itoa(os.Getgid()), nil },
	"groups":   groups,
	"caps":     fromStatus("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"),
	"cwd":      os.Getwd,
	"cgroup":   fromFile("/proc/self/cgroup"),
	"pidns":    func() (string, error) { return os.Readlink("/proc/self/ns/pid") },
	"mountns":  func() (string, error) { return os.Readlink("/proc/self/ns/mnt") },
	"hostname": os.Hostname,
	"rlimits":  fromFile("/proc/self/limits"),
	"nnp":      fromStatus("NoNewPrivs"),
	"seccomp":  fromStatus("Seccomp"),
	"stdin":    stdin,
}

func known() string {
	names := []string{"env:NAME"}
	for name := range facts {
		names = append(names, name)
	}
	sort.Strings(names)
	return strings.Join(names, ", ")
}

func printing(value string) (func() error, error) {
	var wanted []func() error
	for _, name := range strings.Split(value, ",") {
		read, found := facts[name]
		if variable, is := strings.CutPrefix(name, "env:"); is {
			read, found = func() (string, error) { return os.Getenv(variable), nil }, true
		}
		if !found {
			return nil, fmt.Errorf("%s is not one of: %s", name, known())
		}
		wanted = append(wanted, func() error {
			text, err := read()
			if err != nil {
				return err
			}
			return write(os.Stdout, fmt.Sprintf("%s=%s\n", name, text))
		})
	}
	return func() error {
		for _, show := range wanted {
			if err := show(); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

func groups() (string, error) {
	found, err := os.Getgroups()
	sort.Ints(found)
	return strings.Trim(fmt.Sprint(found), "[]"), err
}

func fromFile(path string) func() (string, error) {
	return func() (string, error) {
		content, err := os.ReadFile(path)
		return strings.TrimSpace(string(content)), err
	}
}

// fromStatus gives lines of /proc/self/status, without their names.
func fromStatus(names ...string) func() (string, error) {
	return func() (string, error) {
		content, err := os.ReadFile("/proc/self/status")
		var values []string
		for _, line := range strings.Split(string(content), "\n") {
			name, value, _ := strings.Cut(line, ":")
			for _, wanted := range names {
				if name == wanted {
					values = append(values, strings.TrimSpace(value))
				}
			}
		}
		return strings.Join(values, " "), err
	}
}

// stdin says what a read from stdin gives.
func stdin() (string, error) {
	place, err := os.Readlink("/proc/self/fd/0")
	if err != nil {
		return "closed", nil
	}
	if kind, _, isSocketOrPipe := strings.Cut(place, ":"); isSocketOrPipe {
		place = kind
	}
	count, err := os.Stdin.Read(make([]byte, 1))
	if count > 0 {
		return place + " data", nil
	}
	return fmt.Sprint(place, " ", err), nil
}
