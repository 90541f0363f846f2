import FastCGI
import Figures
import FileQueue
import FoundationEssentials

/// `GET` and `DELETE /topics[/TOPIC]`.
extension Router {
  func topics(
    _ request: borrowing Request, _ exchange: Exchange
  ) throws(Problem) -> Answer {
    let method = request.method
    guard ["GET", "HEAD", "DELETE"].contains(where: { $0.hasSameBytes(as: method) }) else {
      throw Problem(
        status: 405, code: .methodNotAllowed,
        detail: "topics are looked at with GET and deleted with DELETE", allow: Route.topics.methods
      )
    }
    let asked = try TopicsRequest(
      pathTopic: try Self.topic(of: request, behind: .topics),
      pairs: try FormDecoding.pairs(request.query))
    let permit = try permit(request, method == "DELETE" ? .changes : .none)
    if method == "DELETE" { return try delete(asked, permit, exchange) }
    if let topic = asked.topic {
      try permit.checkSubscribe(TopicFilter(of: topic))
      return try tell(of: topic, exchange)
    }
    let epochs = queue.epochs
    topicDesk.ask(asked.query.visible(through: try permit.visibleTopics())) { result in
      switch result {
      case .success(let page):
        exchange.complete(.json(TopicListReport(page, epochs: epochs)))
      case .failure(let error):
        exchange.complete(response(to: Problem(notRead: error)))
      }
    }
    return .later
  }

  private func tell(of topic: Topic, _ exchange: Exchange) throws(Problem) -> Answer {
    let query: TopicQuery
    do {
      query = TopicQuery(filter: try TopicFilter([topic.text]), countMaximum: 1)
    } catch {
      throw Problem(error)
    }
    let epochs = queue.epochs
    topicDesk.ask(query) { result in
      switch result {
      case .success(let page):
        guard let figures = page.topics.first else {
          let problem = Problem(
            status: 404, code: .notFound,
            detail:
              "nothing is kept of the topic '\(topic.text.excerpt())': it has no events, and has not "
              + "ended",
            field: "topic")
          return exchange.complete(response(to: problem))
        }
        exchange.complete(.json(TopicReport(figures, epochs: epochs)))
      case .failure(let error):
        exchange.complete(response(to: Problem(notRead: error)))
      }
    }
    return .later
  }

  private func delete(
    _ asked: TopicsRequest, _ permit: RequestPermit, _ exchange: Exchange
  ) throws(Problem) -> Answer {
    guard let topic = asked.topic else {
      throw Problem(
        status: 400, code: .invalidTopic,
        detail: "no topic is named: which one to delete stands in the path, DELETE /topics/TOPIC",
        field: "topic")
    }
    // Who may publish may end the topic as well.
    try permit.checkPublish([topic])
    let epochs = queue.epochs
    committer.delete(topic) { result in
      switch result {
      case .success(let next):
        exchange.complete(
          .json(TopicDeletion(topic: topic.text, hiddenThrough: "\(epochs.id(of: next - 1))")))
      case .failure(let error):
        exchange.complete(response(to: Problem(notDeleted: error)))
      }
    }
    return .later
  }
}

/// What a deletion has done: everything up to an id is hidden.
private struct TopicDeletion: Encodable {
  let topic: String
  let hiddenThrough: String

  enum CodingKeys: String, CodingKey {
    case topic
    case hiddenThrough = "hidden_through"
  }
}
