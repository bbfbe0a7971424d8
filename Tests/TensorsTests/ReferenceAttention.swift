import Glibc
import Tensors

/// Attention and its gradients in double precision, one product after another.
struct ReferenceAttention {
  let shape: TransformerKernelTests.Case
  let sequences: Sequences
  let qkv: [Double]
  let dy: [Double]
  let bias: [Double]?
  let mask: [Double]?
  var y: [Double]
  var dqkv: [Double]
  var dbias: [Double]

  init(
    _ shape: TransformerKernelTests.Case, _ sequences: Sequences, _ qkv: Tensor, _ dy: Tensor,
    _ additions: Attention.Additions
  ) {
    self.shape = shape
    self.sequences = sequences
    self.qkv = qkv.values.map(Double.init)
    self.dy = dy.values.map(Double.init)
    bias = additions.bias?.values.map(Double.init)
    mask = additions.mask?.values.map(Double.init)
    y = Array(repeating: 0, count: dy.count)
    dqkv = Array(repeating: 0, count: qkv.count)
    dbias = Array(repeating: 0, count: bias?.count ?? 0)
  }

  private var width: Int { shape.heads * shape.width }

  /// Where q (0), k (1) or v (2) of a head and row starts.
  private func at(_ part: Int, _ row: Int, _ head: Int) -> Int {
    row * 3 * width + part * width + head * shape.width
  }

  mutating func run() {
    for s in 0..<sequences.count {
      for head in 0..<shape.heads {
        for row in sequences[s] { self.row(row, sequence: s, head: head) }
      }
    }
  }

  private mutating func row(_ row: Int, sequence s: Int, head: Int) {
    let all = sequences[s]
    let length = all.count
    let keys = Array(all.lowerBound..<(shape.causal ? row + 1 : all.upperBound))
    let scale = 1 / Double(shape.width).squareRoot()
    let i = row - all.lowerBound
    func place(_ j: Int) -> Int { i * length + keys[j] - all.lowerBound }
    let scores = keys.indices.map { j in
      var score = (0..<shape.width).reduce(0.0) {
        $0 + qkv[at(0, row, head) + $1] * qkv[at(1, keys[j], head) + $1]
      }
      score *= scale
      if let bias { score += bias[head * length * length + place(j)] }
      if let mask { score += mask[s % shape.masks * length * length + place(j)] }
      return score
    }
    let top = scores.max() ?? 0
    let weights = scores.map { exp($0 - top) }
    let sum = weights.reduce(0, +)
    let p = weights.map { $0 / sum }
    let out = row * width + head * shape.width
    var dp = [Double](repeating: 0, count: keys.count)
    for j in keys.indices {
      for c in 0..<shape.width {
        y[out + c] += p[j] * qkv[at(2, keys[j], head) + c]
        dp[j] += dy[out + c] * qkv[at(2, keys[j], head) + c]
        dqkv[at(2, keys[j], head) + c] += p[j] * dy[out + c]
      }
    }
    let mean = zip(p, dp).reduce(0) { $0 + $1.0 * $1.1 }
    for j in keys.indices {
      let ds = p[j] * (dp[j] - mean)
      if bias != nil { dbias[head * length * length + place(j)] += ds }
      for c in 0..<shape.width {
        dqkv[at(0, row, head) + c] += scale * ds * qkv[at(1, keys[j], head) + c]
        dqkv[at(1, keys[j], head) + c] += scale * ds * qkv[at(0, row, head) + c]
      }
    }
  }
}
