import FastCGI
import Figures
import FileQueue
import Kernel

/// What streams of JSON get.
extension StreamLoop {
  /// An event of the queue as a line of JSON for an audience, in ``line``; false where it is too large for a frame.
  ///
  /// What all audiences are told alike is rendered once.
  ///
  /// - Parameter redeliveryCount: how often it was given before, for a member of a group, which alone is given it.
  func render(
    _ record: RecordLayout, _ bytes: Span<UInt8>, for key: Audience.Key,
    redeliveryCount: Int? = nil
  ) -> Bool {
    // Of several topics some may not be told.
    let told = record.attributes.isEmpty ? nil : key.toldTopics
    let isShared = told == nil && redeliveryCount == nil
    if !isShared || lineSequence != record.sequence {
      line.removeAll(keepingCapacity: true)
      EventJSON.append(record, bytes, telling: told, redeliveryCount: redeliveryCount, to: &line)
      lineSequence = isShared ? record.sequence : 0
    }
    return line.count <= StreamLimits.framedBodyByteCountMaximum
  }

  /// One of weir's own events, as a stream says it.
  func content(_ event: OwnEvent, as format: StreamFormat) -> [UInt8] {
    var content: [UInt8] = []
    if format == .eventStream {
      event.append(to: &content)
    } else {
      EventJSON.append(event, unixMilliseconds: wall(), to: &content)
    }
    return content
  }

  /// An empty frame for a subscriber; what is appended to a page goes on behind what is in it.
  func takeFrame(for subscriber: Subscriber) -> Frame {
    let frame = frames.take(requestID: subscriber.connection.requestID)
    frame.itemCount = subscriber.pageItemCount
    return frame
  }

  /// Sends a subscriber the next piece of a large event as JSON; returns the bytes.
  func sendJSONPiece(of body: RecordBody, from done: Int, to subscriber: Subscriber) -> Int {
    line.removeAll(keepingCapacity: true)
    lineSequence = 0
    var progress: EventJSON.Progress?
    do throws(QueueError) {
      if done == 0 {
        let id = queue.epochs.id(of: body.next.sequence - 1)
        EventJSON.appendHead(
          of: body, id: id, telling: subscriber.audience.key.toldTopics,
          redeliveryCount: subscriber.membership?.assigned.first?.redeliveryCount, to: &line)
      }
      try reader.read(body, from: done, byteCountMaximum: StreamLimits.pieceByteCountMaximum) {
        progress = EventJSON.appendFields(
          $0, isFirst: done == 0, byteCountMaximum: StreamLimits.pieceByteCountMaximum, to: &line)
      }
    } catch {
      pause(subscriber, error, then: .catchUp(from: .inside(body, sentByteCount: done)))
      return 0
    }
    guard let progress else {
      // Retention has removed what it was in the middle of.
      close(subscriber)
      return 0
    }
    let frame = takeFrame(for: subscriber)
    defer { frames.put(frame) }
    let next: Subscriber.Place
    switch progress {
    case .some(let count):
      frame.append(piece: line, isFirst: done == 0)
      next = .inside(body, sentByteCount: done + count)
    case .all:
      frame.append(piece: line, isFirst: done == 0)
      frame.noteEvent()
      next = noteWhole(body, in: frame, of: subscriber)
    }
    frame.close()
    subscriber.pageItemCount = frame.itemCount
    counts.add(frame.eventCount, to: .replayedEvents)
    send(frame, to: subscriber, then: .catchUp(from: next))
    return frame.byteCount
  }

  /// Whether a page has as many events as it may.
  func isPageFull(_ subscriber: Subscriber) -> Bool {
    subscriber.pageItemCount.map { $0 >= StreamLimits.pageEventCountMaximum } ?? false
  }

  /// What begins a page.
  static let pageBegin = Array("{\"events\":[\n".utf8)

  /// What ends a page: where the next one begins.
  func pageEnd(next id: EventID) -> [UInt8] { Array("],\"next\":\"\(id)\"}\n".utf8) }
}
