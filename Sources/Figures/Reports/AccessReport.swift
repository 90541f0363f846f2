/// How it stands with the access rules of a worker: a part of what `GET /weir/status` tells.
package struct AccessReport: Encodable, Sendable {
  /// The file that they come from.
  package let file: String
  /// How many grants are in force.
  package let grants: Int
  /// When they were read, in milliseconds since 1970.
  package let readAt: Int64
  /// What is wrong with the file as it is now, while rules from before are in force; nil where nothing is.
  package var fault: String?

  private enum CodingKeys: String, CodingKey {
    case file, grants, fault
    case readAt = "read_at"
  }

  /// A report of its parts.
  package init(file: String, grants: Int, readAt: Int64, fault: String? = nil) {
    self.file = file
    self.grants = grants
    self.readAt = readAt
    self.fault = fault
  }
}
