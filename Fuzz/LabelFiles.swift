import Datasets
import Platform

/// The annotation files of the datasets, each with pictures beside it.
enum LabelFiles {
  private struct Kind: Sendable {
    var dataset: String
    /// The path of the file that is fuzzed.
    var path: String
    var text: String
    /// Other files of the source: pictures, which are not read, and annotations.
    var others: [(path: String, text: String)] = []
    var options: @Sendable (inout IngestOptions) -> Void = { _ in }
  }

  private static let landmarks = (0..<68).map { "   \($0).5e+00   2.0e+01\n" }.joined()
  private static let points68 = (0..<136).map(String.init).joined(separator: ";")
  private static let pixels = (0..<2304).map { String($0 % 256) }.joined(separator: " ")

  private static let kinds: [String: Kind] = [
    "rafdb-list": Kind(
      dataset: "rafdb", path: "list_patition_label.txt",
      text: "train_00001.jpg 5\r\ntest_0001.jpg 7\n",
      others: [("original/train_00001.jpg", ""), ("original/test_0001.jpg", "")]),
    "rafdb-manual": Kind(
      dataset: "rafdb", path: "train_00001_manu_attri.txt",
      text: "10\t20\n30 20\n20\t30\n12\t40.5\n28\t40\n1\n2\n3\n",
      others: [("list_patition_label.txt", "train_00001.jpg 5"), ("train_00001.jpg", "")]),
    "rafdb-box": Kind(
      dataset: "rafdb", path: "train_00001_boundingbox.txt", text: "1.5 2 33 44.25 \n",
      others: [("list_patition_label.txt", "train_00001.jpg 5"), ("train_00001.jpg", "")]),
    "ckplus-emotion": Kind(
      dataset: "ckplus", path: "S005_001_00000002_emotion.txt", text: "   3.0000000e+00\n",
      others: [("S005_001_00000001.png", ""), ("S005_001_00000002.png", "")]),
    "ckplus-landmarks": Kind(
      dataset: "ckplus", path: "S005_001_00000002_landmarks.txt", text: landmarks,
      others: [
        ("S005_001_00000002_emotion.txt", "   3.0e+00"), ("S005_001_00000001.png", ""),
        ("S005_001_00000002.png", ""),
      ]),
    "ckplus-facs": Kind(
      dataset: "ckplus", path: "S005_001_00000002_facs.txt",
      text: "   9.0000000e+00   4.0000000e+00\n   4.0e+00   0.0e+00\n",
      others: [
        ("S005_001_00000002_emotion.txt", "   3.0e+00"), ("S005_001_00000001.png", ""),
        ("S005_001_00000002.png", ""),
      ]),
    "affectnet-list": Kind(
      dataset: "affectnet", path: "training.csv",
      text: "1/a.jpg,1,2,30,40,\(points68),6,0.5,-0.25\n1/b.jpg,NULL,NULL,NULL,NULL,,9,-2,-2\n",
      others: [("1/a.jpg", ""), ("1/b.jpg", "")]),
    "fer2013-table": Kind(
      dataset: "fer2013", path: "fer2013.csv",
      text: "emotion,pixels,Usage\n3,\"\(pixels)\",Training\n6,1 2 3,PrivateTest\n"),
    "ferplus-table": Kind(
      dataset: "ferplus", path: "fer2013new.csv",
      text: "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,"
        + "unknown,NF\nTraining,fer0000000.png,8,0,2,0,0,0,0,0,0,0\n",
      others: [("fer2013.csv", "emotion,pixels,Usage\n3,1 2 3,Training\n")]),
    "image-table": Kind(
      dataset: "image-table", path: "labels.csv",
      text: "path,label,subject,split\na.jpg,fear,\"x, y\",train\nb.jpg,anger,z,test\n",
      others: [("a.jpg", ""), ("b.jpg", "")]),
    "dfew-list": Kind(
      dataset: "dfew", path: "train(single-labeled)/set_1.csv",
      text: "video_name,label\n1,3\n00002,7\n",
      others: [
        ("00001/1.jpg", ""), ("00002/10.jpg", ""), ("test(single-labeled)/set_1.csv", "3,1"),
      ], options: { $0.fold = 1 }),
    "ferv39k-list": Kind(
      dataset: "ferv39k", path: "train_All.csv",
      text: "Action/Sad/0010 Sad\nCrime/Happy/0011 Happy\n",
      others: [("test_All.csv", ""), ("Action/Sad/0010/1.jpg", "")]),
    "mafw-list": Kind(
      dataset: "mafw", path: "single/no_caption/set_1/train.txt",
      text: "00025.mp4 anger\n00026.mp4 helplessness\n",
      others: [("single/no_caption/set_1/test.txt", ""), ("00025/1.jpg", "")],
      options: { $0.fold = 1 }),
    "webdataset-json": Kind(
      dataset: "webdataset", path: "a.json", text: "{\"label\": \"fear\", \"subject\": \"ann\"}",
      others: [("a.jpg", "")]),
  ]

  static let targets: [FuzzTarget] = kinds.sorted { $0.key < $1.key }.map { name, kind in
    FuzzTarget(
      name: name, summary: "\(kind.path) of \(kind.dataset)",
      corpus: { [Array(kind.text.utf8)] },
      read: { bytes in
        var options = IngestOptions(dataset: kind.dataset)
        kind.options(&options)
        var files = kind.others.map { (path: $0.path, bytes: Array($0.text.utf8)) }
        files.append((path: kind.path, bytes: bytes))
        _ = try IngestPlan.of(files, options)
      })
  }
}
