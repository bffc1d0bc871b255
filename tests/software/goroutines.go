// SPDX-License-Identifier: Apache-2.0

// What Go's run-time library asks of a kernel: threads it parks by futex, signals that preempt goroutines, a poller,
// its own use of mmap. Prints what comes of it, never a time.
package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func pipeline() {
	var group sync.WaitGroup
	numbers := make(chan int)
	for i := 0; i < 1000; i++ {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			time.Sleep(time.Duration(i%7) * time.Millisecond)
			numbers <- i
		}(i)
	}
	go func() { group.Wait(); close(numbers) }()
	sum := 0
	for n := range numbers {
		sum += n
	}
	fmt.Println("goroutines", sum)
}

// A loop without calls ends only when a signal preempts it, so that the other goroutine runs.
func preempted() {
	runtime.GOMAXPROCS(1)
	var stop int32
	go func() { atomic.StoreInt32(&stop, 1) }()
	for atomic.LoadInt32(&stop) == 0 {
	}
	fmt.Println("preempted", stop)
	runtime.GOMAXPROCS(runtime.NumCPU())
}

func garbage() {
	var kept [][]byte
	for i := 0; i < 3000; i++ {
		block := make([]byte, 20000)
		block[i] = byte(i)
		if i%100 == 0 {
			kept = append(kept, block)
		}
	}
	runtime.GC()
	sum := 0
	for i, block := range kept {
		sum += int(block[i*100])
	}
	fmt.Println("garbage", len(kept), sum)
}

func web() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%x", sha256.Sum256(body))
	}))
	answers := make([]string, 50)
	var group sync.WaitGroup
	for i := range answers {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			reader, writer := io.Pipe()
			go func() { writer.Write(make([]byte, i*3000)); writer.Close() }()
			answer, err := http.Post("http://"+listener.Addr().String(), "text/plain", reader)
			check(err)
			body, err := io.ReadAll(answer.Body)
			check(err)
			answers[i] = string(body)
		}(i)
	}
	group.Wait()
	fmt.Printf("http %x\n", sha256.Sum256([]byte(fmt.Sprint(answers))))
}

func children() {
	out, err := exec.Command("/bin/sh", "-c", "echo from a child; exit 3").Output()
	fmt.Printf("%s%v\n", out, err)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1)
	check(syscall.Kill(os.Getpid(), syscall.SIGUSR1))
	fmt.Println("signal", <-signals)
}

func main() {
	pipeline()
	preempted()
	garbage()
	web()
	children()
}
