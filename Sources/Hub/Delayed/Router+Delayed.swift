import FastCGI
import Figures
import FileQueue

extension Router {
  /// Answers what is asked of the events that wait for their time; nil where the request is for somebody
  /// else.
  func delayed(
    _ request: borrowing Request, _ exchange: Exchange
  ) throws(Problem) -> Answer? {
    // They publish: what they say is read once.
    if request.method == "PUT" || request.method == "POST" { return nil }
    let asked = try DelayedRequest(
      method: request.method, pathTopic: try Self.topic(of: request, behind: .publish),
      pairs: try FormDecoding.pairs(request.query))
    guard let asked else { return nil }
    var effect = RequestEffect.none
    if case .cancel = asked { effect = .changes }
    let permit = try permit(request, effect)
    switch asked {
    case .list(let last, let countMaximum):
      delayedPublisher.page(behind: last, countMaximum: countMaximum) { result in
        complete(exchange, result) { page in
          .json(
            DelayedReport(page, where: permit.isLimited ? { permit.mayPublish($0.topics) } : nil))
        }
      }
    case .show(let id):
      delayedPublisher.find(id) { result in
        complete(exchange, result) { waiting throws(Problem) in
          guard let waiting, permit.mayPublish(waiting.topics) else {
            throw DelayedRequest.notFound("\(id)")
          }
          return .json(DelayedReport.Entry(waiting))
        }
      }
    case .cancel(let id):
      guard permit.isLimited else {
        cancel(id, exchange)
        return .later
      }
      delayedPublisher.find(id) { result in
        switch result {
        case .success(let waiting?) where permit.mayPublish(waiting.topics): cancel(id, exchange)
        case .success: exchange.complete(response(to: DelayedRequest.notFound("\(id)")))
        case .failure(let error): exchange.complete(response(to: Problem(error)))
        }
      }
    }
    return .later
  }

  private func cancel(_ id: DelayedID, _ exchange: Exchange) {
    delayedPublisher.cancel(id) { result in
      complete(exchange, result) { outcome throws(Problem) in
        switch outcome {
        case .cancelled: return .json(["cancelled": "\(id)"])
        case .tooLate: throw DelayedRequest.tooLate(id)
        case .unknown: throw DelayedRequest.notFound("\(id)")
        }
      }
    }
  }

  /// Takes in an event that is to be published later, unless it is in the queue already by its key: its
  /// publisher may not know that it is out by now.
  ///
  /// - Parameter acknowledge: answers where it is.
  func publishLater(
    _ event: DelayedEvent, topics: [Topic], isPlain: Bool, _ exchange: Exchange,
    acknowledge: @escaping @Sendable (Appended) -> Void
  ) {
    delayedPublisher.add(event) { result in
      switch result {
      case .success(.isPublished(let appended)): acknowledge(appended)
      case .success(.waits(let receipt)):
        exchange.complete(
          DelayedAcknowledgement(receipt: receipt, topics: topics, isPlain: isPlain).response)
      case .failure(let error): refuse(exchange, error)
      }
    }
  }

  private func refuse(_ exchange: Exchange, _ error: QueueError) {
    counters.add(to: PageLayout.publishesRefusedCell)
    exchange.complete(response(to: Problem(error)))
  }

  private func complete<Success>(
    _ exchange: Exchange, _ result: Result<Success, QueueError>,
    _ answer: (Success) throws(Problem) -> Response
  ) {
    do throws(Problem) {
      switch result {
      case .success(let success): exchange.complete(try answer(success))
      case .failure(let error): throw Problem(error)
      }
    } catch {
      exchange.complete(response(to: error))
    }
  }
}
