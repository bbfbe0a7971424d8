import Imaging
import Methods
import Platform
import Tensors

/// A training batch, ready for the encoder.
struct Batch {
  /// Rows of the training faces.
  let rows: [Int]
  /// Plain `[N, 3, S, S]`.
  let images: Tensor
  /// The same of each face's second view; nil where the method asks for none.
  let secondImages: Tensor?
}

/// Makes augmented batches ahead of their use.
///
/// A face's augmentation is a pure function of (seed, epoch, row's place in the epoch), so neither
/// threads nor a resumed run change it; a face drawn twice in an epoch is augmented twice.
final class BatchLoader: @unchecked Sendable {
  /// Batches in an epoch.
  let batchesPerEpoch: Int
  private let faces: LabelledFaces
  private let options: TrainingOptions
  private let plan: AugmentationPlan
  private let sampler: Sampler
  private let threads: Int
  /// The order of the epoch asked for last.
  private let order = Locked<(epoch: Int, batches: [[Int]])>((-1, []))

  init(
    faces: LabelledFaces, options: TrainingOptions, threads: Int
  ) {
    self.faces = faces
    self.options = options
    plan = options.augmentation
    self.threads = threads
    sampler = Sampler(
      kind: options.sampler, labels: faces.labels, isShuffled: options.shuffles,
      seed: options.seed)
    batchesPerEpoch =
      sampler.batches(
        epoch: 0, size: options.batchSize, dropLast: options.dropsLast
      ).count
  }

  /// The batches from a place in the run to its end.
  ///
  /// With one thread each batch is made when it is asked for; else half of the threads make up to
  /// three batches ahead.
  func batches(fromEpoch epoch: Int, batch: Int) -> Prefetcher<Batch> {
    let first = epoch * batchesPerEpoch + batch
    return Prefetcher(
      count: max(0, options.epochs * batchesPerEpoch - first), ahead: threads == 1 ? 0 : 3
    ) { [self] index in
      let place = first + index
      return try makeBatch(epoch: place / batchesPerEpoch, index: place % batchesPerEpoch)
    }
  }

  private func rows(epoch: Int, index: Int) -> [Int] {
    order.withLock { order in
      if order.epoch != epoch {
        order = (
          epoch,
          sampler.batches(epoch: epoch, size: options.batchSize, dropLast: options.dropsLast)
        )
      }
      return order.batches[index]
    }
  }

  private func makeBatch(epoch: Int, index: Int) throws -> Batch {
    let rows = rows(epoch: epoch, index: index)
    let size = options.imageSize
    let images = Tensor([rows.count, 3, size, size])
    let second =
      options.method.kind.secondView == .none ? nil : Tensor([rows.count, 3, size, size])
    try Parallel.forEach(rows.count, threads: max(1, threads / 2)) { [self] sample in
      let place = sample * 3 * size * size
      draw(rows[sample], .augmentation, epoch, index, sample, into: images.pointer + place)
      guard let second else { return }
      if options.method.kind.secondView == .mirrored {
        Self.mirror(images.pointer + place, side: size, into: second.pointer + place)
      } else {
        draw(rows[sample], .secondView, epoch, index, sample, into: second.pointer + place)
      }
    }
    return Batch(rows: rows, images: images, secondImages: second)
  }

  /// Augments a face with the random numbers of its place in the epoch.
  private func draw(
    _ row: Int, _ stream: RandomStream, _ epoch: Int, _ index: Int, _ sample: Int,
    into target: UnsafeMutablePointer<Float>
  ) {
    var generator = SeededGenerator(
      seed: options.seed, stream.rawValue, UInt64(epoch),
      UInt64(index * options.batchSize + sample))
    plan.apply(
      to: faces.pixels(row), size: faces.size, generator: &generator, into: target)
  }

  /// Exchanges left and right of `[3, side, side]`.
  private static func mirror(
    _ source: UnsafePointer<Float>, side: Int, into target: UnsafeMutablePointer<Float>
  ) {
    for line in stride(from: 0, to: 3 * side * side, by: side) {
      for x in 0..<side { target[line + x] = source[line + side - 1 - x] }
    }
  }
}
