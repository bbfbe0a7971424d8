import Artifacts
import Platform

/// The stages of a plan and what flows between them, instances of one stage drawn as one.
public struct Graph: Sendable {
  struct Node: Sendable {
    var name: String
    var label: String
    var isSource: Bool
  }

  struct Edge: Sendable, Hashable {
    var from: Int
    var to: Int
    var port: String
  }

  private(set) var nodes: [Node] = []
  private(set) var edges: [Edge] = []

  public init(_ pipeline: Pipeline) { self.init(plan: pipeline.plan) }

  package init(plan: Plan) {
    var counts: [String: Int] = [:]
    for job in plan.jobs { counts[job.stage, default: 0] += 1 }
    var index: [String: Int] = [:]
    func node(_ name: String, _ label: String, isSource: Bool) -> Int {
      if let known = index[name] { return known }
      index[name] = nodes.count
      nodes.append(Node(name: name, label: label, isSource: isSource))
      return nodes.count - 1
    }
    var seen: Set<Edge> = []
    for job in plan.jobs {
      let count = counts[job.stage] ?? 1
      let to = node(job.stage, count > 1 ? "\(job.stage) x\(count)" : job.stage, isSource: false)
      for input in job.inputs {
        for origin in input.origins {
          let edge: Edge
          switch origin {
          case .source(let source):
            let name = plan.sources[source].name
            edge = Edge(
              from: node("sources.\(name)", name, isSource: true), to: to, port: input.port)
          case .job(let producer, let port):
            let stage = plan.jobs[producer].stage
            edge = Edge(from: node(stage, stage, isSource: false), to: to, port: port)
          }
          if seen.insert(edge).inserted { edges.append(edge) }
        }
      }
    }
  }

  /// For Graphviz.
  public var dot: String {
    var text = "digraph ferry {\n  rankdir=LR;\n  node [shape=box, style=rounded];\n"
    for node in nodes {
      let shape = node.isSource ? ", shape=folder, style=solid" : ""
      text += "  \"\(node.name)\" [label=\"\(node.label)\"\(shape)];\n"
    }
    for edge in edges {
      text +=
        "  \"\(nodes[edge.from].name)\" -> \"\(nodes[edge.to].name)\" [label=\"\(edge.port)\"];\n"
    }
    return text + "}\n"
  }

  /// For Mermaid, which many sites draw from Markdown.
  public var mermaid: String {
    var text = "flowchart LR\n"
    for (index, node) in nodes.enumerated() {
      text +=
        node.isSource ? "  n\(index)[(\"\(node.label)\")]\n" : "  n\(index)[\"\(node.label)\"]\n"
    }
    for edge in edges { text += "  n\(edge.from) -->|\(edge.port)| n\(edge.to)\n" }
    return text
  }

  public var json: JSONValue {
    [
      "nodes": .array(
        nodes.map {
          ["name": .string($0.name), "label": .string($0.label), "source": .bool($0.isSource)]
        }),
      "edges": .array(
        edges.map {
          [
            "from": .string(nodes[$0.from].name), "to": .string(nodes[$0.to].name),
            "port": .string($0.port),
          ]
        }),
    ]
  }
}
