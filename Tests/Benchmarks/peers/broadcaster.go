// A broadcaster of events as the well-known examples of net/http have it: a buffered channel for each
// subscriber, and http.Flusher after each event.
//
//	broadcaster ADDRESS
//
// GET  /sse      a stream
// POST /publish  the body is an event's data
package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"sync"
)

// A subscriber that has so many events waiting is cut off; browsers come back. The examples have far
// fewer, with which everybody would be cut off long before the rates that this one holds.
const waitingMaximum = 4096

type event struct {
	id   int
	data []byte
}

type broadcaster struct {
	mutex       sync.Mutex
	nextID      int
	subscribers map[chan event]struct{}
}

func (b *broadcaster) subscribe() chan event {
	events := make(chan event, waitingMaximum)
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.subscribers[events] = struct{}{}
	return events
}

func (b *broadcaster) unsubscribe(events chan event) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	delete(b.subscribers, events)
}

func (b *broadcaster) publish(data []byte) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.nextID++
	for events := range b.subscribers {
		select {
		case events <- event{b.nextID, data}:
		default:
			delete(b.subscribers, events)
			close(events)
		}
	}
}

func (b *broadcaster) serveStream(response http.ResponseWriter, request *http.Request) {
	flusher, canFlush := response.(http.Flusher)
	if !canFlush {
		http.Error(response, "streaming is not supported", http.StatusInternalServerError)
		return
	}
	events := b.subscribe()
	defer b.unsubscribe(events)
	response.Header().Set("Content-Type", "text/event-stream")
	response.Header().Set("Cache-Control", "no-store")
	response.WriteHeader(http.StatusOK)
	flusher.Flush()
	for {
		select {
		case <-request.Context().Done():
			return
		case event, isOpen := <-events:
			if !isOpen {
				return
			}
			if _, err := fmt.Fprintf(response, "data: %s\nid: %d\n\n", event.data, event.id); err != nil {
				return
			}
			flusher.Flush()
		}
	}
}

func (b *broadcaster) servePublish(response http.ResponseWriter, request *http.Request) {
	data, err := io.ReadAll(http.MaxBytesReader(response, request.Body, 1<<20))
	if err != nil {
		http.Error(response, err.Error(), http.StatusBadRequest)
		return
	}
	b.publish(data)
	response.WriteHeader(http.StatusNoContent)
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: broadcaster ADDRESS")
		os.Exit(64)
	}
	b := &broadcaster{subscribers: make(map[chan event]struct{})}
	http.HandleFunc("/sse", b.serveStream)
	http.HandleFunc("/publish", b.servePublish)
	log.Fatal(http.ListenAndServe(os.Args[1], nil))
}
