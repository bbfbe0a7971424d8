import Glibc
import Synchronization

/// The user's wish to stop: the first Ctrl-C or termination signal asks, the second one ends.
public enum Interruption {
  private static let requests = Atomic(0)

  /// Whether the user has asked.
  public static var isRequested: Bool { requests.load(ordering: .relaxed) > 0 }

  static func watch() {
    _ = isRequested
    for number in [SIGINT, SIGTERM] {
      signal(number) { _ in
        if Interruption.requests.add(1, ordering: .relaxed).oldValue > 0 { _exit(130) }
      }
    }
    signal(SIGPIPE, SIG_IGN)
  }
}
