/// The version of this release, of the driver and of every stage. `Tests/HouseTests` holds the newest
/// version of CHANGELOG.md and the version of CITATION.cff equal to it.
public let ferryVersion = "0.1.0"
