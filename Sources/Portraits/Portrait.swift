import Imaging

/// One picture of a person with an expression, and where its features lie.
public struct Portrait: Sendable {
  /// One channel in the laboratory, three in the wild.
  public var image: Image
  public var landmarks: Landmarks
}

/// How the head sits in the picture.
public struct Framing: Sendable, Equatable {
  public var width: Int
  public var height: Int
  /// Pixels per half face width.
  public var scale: Float
  /// The place of the face's middle, in pixels.
  public var centre: Vector2

  public init(width: Int, height: Int, scale: Float, centre: Vector2) {
    self.width = width
    self.height = height
    self.scale = scale
    self.centre = centre
  }
}

/// Draws portraits: the same bits for the same arguments, on any machine.
///
/// Background, body, head and hair are drawn back to front in linear light; the head is a mesh that
/// wears a face map, painted from the front at a little more than the picture's own resolution.
/// - Complexity: O(pixels); about 0.15 microseconds a pixel of the face.
public struct PortraitRenderer: Sendable {
  public init() {}

  public func render(
    _ identity: Identity, _ units: ActionUnits, _ conditions: Conditions, _ framing: Framing,
    channels: Int
  ) -> Portrait {
    let shape = FaceShape(identity, units)
    let surface = HeadSurface(identity, units)
    let camera = Camera(conditions.pose, scale: framing.scale, centre: framing.centre)
    let shader = Shader(conditions.lighting)
    let map = FaceMap(surface, texelsPerUnit: min(220, max(24, framing.scale * 1.25)))
    paint(map, identity, shape, conditions)
    let canvas = Canvas(width: framing.width, height: framing.height)
    Backdrop(conditions: conditions).draw(on: canvas)
    let hair = HairPainter(
      identity: identity, surface: surface, map: map, shader: shader, camera: camera)
    hair.drawBehind(on: canvas)
    BodyPainter(identity: identity, shader: shader, camera: camera).draw(on: canvas)
    let head = HeadPainter(identity: identity, map: map, shader: shader, camera: camera)
      .draw(HeadMesh(surface: surface, map: map).build(), on: canvas)
    hair.drawCap(on: canvas, over: head)
    OccluderPainter(conditions: conditions, identity: identity, shader: shader, camera: camera)
      .draw(on: canvas)
    let pixels = Sensor(conditions: conditions)
      .expose(canvas, channels: channels, seed: conditions.noiseSeed)
    let image = Image(
      width: framing.width, height: framing.height, channels: channels, pixels: pixels)
    return Portrait(image: image, landmarks: Landmarks(shape, surface, map, camera))
  }

  private func paint(
    _ map: FaceMap, _ identity: Identity, _ shape: FaceShape, _ conditions: Conditions
  ) {
    let skin = SkinPainter(identity: identity, shape: shape, map: map)
    skin.paintBase()
    skin.paintFlush()
    skin.paintRelief()
    skin.paintFolds()
    BeardPainter(identity: identity, shape: shape, map: map).paint()
    let light = normalised(conditions.lighting.direction)
    for eye in shape.eyes {
      EyePainter(identity: identity, eye: eye, map: map, gaze: conditions.gaze, light: light)
        .paint()
    }
    for brow in shape.brows { BrowPainter(identity: identity, brow: brow, map: map).paint() }
    MouthPainter(identity: identity, mouth: shape.mouth, map: map).paint()
    GlassesPainter(identity: identity, shape: shape, map: map).paint()
    map.finish()
  }
}
