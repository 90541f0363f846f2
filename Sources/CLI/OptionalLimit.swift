import ArgumentParser
import Kernel

/// An argument that is a limit or `none`.
struct OptionalLimit<Value: ExpressibleByArgument>: ExpressibleByArgument {
  let limit: Value?

  init(_ limit: Value?) {
    self.limit = limit
  }

  init?(argument: String) {
    if argument == "none" {
      limit = nil
    } else if let value = Value(argument: argument) {
      limit = value
    } else {
      return nil
    }
  }

  var defaultValueDescription: String { limit?.defaultValueDescription ?? "none" }
}

/// A number of bytes: digits, and K, M or G (of 1024) if you like.
struct ByteCount: ExpressibleByArgument {
  let value: Int

  private static let units: [(suffix: String, factor: Int)] = [
    ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("K", 1 << 10), ("M", 1 << 20),
    ("G", 1 << 30), ("", 1),
  ]

  init(_ value: Int) {
    self.value = value
  }

  init?(argument: String) {
    for unit in Self.units where argument.hasSuffix(unit.suffix) {
      guard let number = Int(argument.dropLast(unit.suffix.count)) else { continue }
      let (value, isOver) = number.multipliedReportingOverflow(by: unit.factor)
      guard number > 0, !isOver else { return nil }
      self.value = value
      return
    }
    return nil
  }

  var defaultValueDescription: String {
    let unit = Self.units.first {
      $0.factor > 1 && value % $0.factor == 0 && value / $0.factor < 1024
    }
    return unit.map { "\(value / $0.factor)\($0.suffix)" } ?? "\(value)"
  }
}

/// A time, such as 12h or 7d.
struct Age: ExpressibleByArgument {
  let value: Duration

  init(_ value: Duration) {
    self.value = value
  }

  init?(argument: String) {
    guard let value = Duration(text: argument), value > .zero else { return nil }
    self.value = value
  }

  var defaultValueDescription: String {
    let units: [(suffix: String, seconds: Int64)] = [("d", 86_400), ("h", 3600), ("m", 60)]
    let seconds = value.components.seconds
    let unit = units.first { seconds >= $0.seconds && seconds % $0.seconds == 0 }
    return unit.map { "\(seconds / $0.seconds)\($0.suffix)" } ?? "\(seconds)s"
  }
}

/// A number of things, from 1.
struct Count: ExpressibleByArgument {
  let value: Int

  init?(argument: String) {
    guard let value = Int(argument), value > 0 else { return nil }
    self.value = value
  }
}
