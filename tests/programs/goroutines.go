// SPDX-License-Identifier: MIT
//
// A static Go program: goroutines, channels, timers, signals, a subprocess, files.
package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"sort"
	"strings"
	"sync"
	"syscall"
	"time"
)

func pipeline(n int) int {
	in := make(chan int)
	first := in
	for i := 0; i < 100; i++ {
		out := make(chan int)
		go func(a, b chan int) {
			for v := range a {
				b <- v + 1
			}
			close(b)
		}(first, out)
		first = out
	}
	go func() {
		for i := 0; i < n; i++ {
			in <- i
		}
		close(in)
	}()
	sum := 0
	for v := range first {
		sum += v
	}
	return sum
}

func main() {
	runtime.GOMAXPROCS(4)
	fmt.Println(pipeline(500))

	var wg sync.WaitGroup
	var mu sync.Mutex
	digests := []string{}
	for i := 0; i < 50; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			d := fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Repeat("x", i*1000))))
			mu.Lock()
			digests = append(digests, d[:8])
			mu.Unlock()
		}(i)
	}
	wg.Wait()
	sort.Strings(digests)
	fmt.Printf("%x\n", sha256.Sum256([]byte(strings.Join(digests, ","))))

	runtime.GC()
	out, err := exec.Command("/bin/echo", "from a child").Output()
	fmt.Printf("%s%v\n", out, err)

	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGUSR1)
	syscall.Kill(os.Getpid(), syscall.SIGUSR1)
	fmt.Println(<-c)

	select {
	case <-time.After(30 * time.Millisecond):
		fmt.Println("timer")
	case <-time.After(10 * time.Second):
		fmt.Println("late")
	}
	if err := os.WriteFile("f", []byte("text"), 0644); err != nil {
		fmt.Println(err)
	}
	b, err := os.ReadFile("f")
	fmt.Println(string(b), err)
	func() {
		defer func() { fmt.Println(recover()) }()
		var p *int
		*p = 1
	}()
}
