/// The material of a surface.
enum Material: Float { case face, ear, hair }

/// A triangle mesh with, at each vertex, the place on the face map and the smooth normal.
struct Mesh {
  var positions: [Vector3] = []
  /// Place on the face map (x, y), fraction of the way to the back 0...2 (z), material (w).
  var places: [Vector4] = []
  var normals: [Vector3] = []
  var triangles: [(Int32, Int32, Int32)] = []

  /// Sets each normal to the mean of its triangles', weighed by area.
  mutating func computeNormals() {
    normals = [Vector3](repeating: Vector3(), count: positions.count)
    for (a, b, c) in triangles {
      let pa = positions[Int(a)]
      let normal = cross(positions[Int(b)] - pa, positions[Int(c)] - pa)
      normals[Int(a)] += normal
      normals[Int(b)] += normal
      normals[Int(c)] += normal
    }
    for index in normals.indices { normals[index] = normalised(normals[index]) }
  }

  /// Adds a grid of `rows` x `columns` vertices, closed around the columns.
  mutating func addGrid(
    rows: Int, columns: Int, _ vertex: (Int, Int) -> (position: Vector3, place: Vector4)
  ) {
    let base = Int32(positions.count)
    for row in 0..<rows {
      for column in 0..<columns {
        let (position, place) = vertex(row, column)
        positions.append(position)
        places.append(place)
      }
    }
    for row in 0..<(rows - 1) {
      for column in 0..<columns {
        let a = base + Int32(row * columns + column)
        let b = base + Int32(row * columns + (column + 1) % columns)
        triangles.append((a, a + Int32(columns), b))
        triangles.append((b, a + Int32(columns), b + Int32(columns)))
      }
    }
  }
}

/// Builds the head's mesh.
struct HeadMesh {
  let surface: HeadSurface
  let map: FaceMap
  /// Sines and cosines of the rings' angles, from the middle of the face to the back of the head.
  private static let rings: [(sine: Float, cosine: Float)] = (0...34).map { ring in
    sineCosine(Float(ring) / 34 * 2.75)
  }

  /// The head with the relief of its features, and the ears.
  func build() -> Mesh {
    var mesh = Mesh()
    sweep(&mesh) { _, _ in 1 }
    mesh.computeNormals()
    for index in mesh.positions.indices where mesh.places[index].z < 1 {
      let place = mesh.places[index]
      mesh.positions[index].z += map.heightAt(Vector2(place.x, place.y))
    }
    ears(&mesh)
    return mesh
  }

  /// The smooth head swollen by a factor that may differ from place to place.
  func shell(_ swell: (Vector2, Float) -> Float) -> Mesh {
    var mesh = Mesh()
    sweep(&mesh, swell)
    for index in mesh.places.indices { mesh.places[index].w = Material.hair.rawValue }
    mesh.computeNormals()
    return mesh
  }

  private func sweep(_ mesh: inout Mesh, _ swell: (Vector2, Float) -> Float) {
    let outline = surface.outline
    mesh.addGrid(rows: Self.rings.count, columns: outline.count) { row, column in
      let (r, cosine) = Self.rings[row]
      let flat = HeadSurface.middle + (outline[column] - HeadSurface.middle) * r
      let back: Float = cosine < 0 ? 2 - r : r
      let z = cosine < 0 ? HeadSurface.back(r) : HeadSurface.front(r)
      // The skull behind the face stands higher than the chin: lift the lower back.
      let y = cosine < 0 ? mix(min(flat.y, 0.9), flat.y, r) : flat.y
      let factor = swell(flat, back)
      let middle = Vector3(0, 0.0, 0)
      let position = middle + (Vector3(flat.x, y, z) - middle) * factor
      return (position, Vector4(flat.x, flat.y, back, Material.face.rawValue))
    }
  }

  private func ears(_ mesh: inout Mesh) {
    for side in [Float(-1), 1] {
      var ear = Mesh()
      let centre = Vector3(side * 0.99, 0.17, -0.12)
      ear.addGrid(rows: 9, columns: 14) { row, column in
        let (sr, cr) = sineCosine(Float(row) / 8 * 3.0)
        let (sc, cc) = sineCosine(Float(column) / 14 * 2 * 3.1415927 - 3.1415927)
        let local = Vector2(sr * cc, sr * sc)
        // An ear leans outward, is widest at its top, and flat.
        let width = 0.13 * (1 - 0.25 * local.y)
        let x = side * (0.06 + width * local.x) + side * 0.02 * cr
        let position = centre + Vector3(x, 0.33 * local.y, 0.09 * cr - 0.05 * local.x)
        return (position, Vector4(local.x, local.y, 0, Material.ear.rawValue))
      }
      if side < 0 { ear.triangles = ear.triangles.map { ($0.0, $0.2, $0.1) } }
      ear.computeNormals()
      let base = Int32(mesh.positions.count)
      mesh.positions += ear.positions
      mesh.places += ear.places
      mesh.normals += ear.normals
      mesh.triangles += ear.triangles.map { ($0.0 + base, $0.1 + base, $0.2 + base) }
    }
  }
}
