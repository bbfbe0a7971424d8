import Language
import Testing

@Suite struct PromptTemplateTests {
  @Test func theDefaultIsThePapersSentence() {
    let template = PromptTemplate.standard
    #expect(
      template.prompt(for: "happiness")
        == "a photo of a person making a happiness facial expression.")
    #expect(
      template.prompt(for: "anger") == "a photo of a person making an anger facial expression.")
  }

  @Test func nineTemplatesWithDistinctNames() {
    #expect(PromptTemplate.catalogue.count == 9)
    #expect(Set(PromptTemplate.catalogue.map(\.name)).count == 9)
    #expect(PromptTemplate.catalogue.last == .standard)
    for template in PromptTemplate.catalogue {
      let prompt = template.prompt(for: "sadness")
      #expect(prompt.contains("sadness") && !prompt.contains("{"))
      #expect(template.name.flatMap { PromptTemplate($0) } == template)
    }
  }

  @Test func aFreeTextNeedsTheGap() {
    #expect(PromptTemplate("no such template") == nil)
    #expect(PromptTemplate("{nou") == nil)
    #expect(PromptTemplate("{noun}, {noun}!")?.prompt(for: "joy") == "joy, joy!")
    #expect(PromptTemplate("A {noun} face")?.prompt(for: "unhappy") == "An unhappy face")
    #expect(PromptTemplate("extra {noun}")?.prompt(for: "anger") == "extra anger")
  }

  @Test func articlesFollowTheSound() {
    for word in ["anger", "unhappiness", "honesty", "Envy"] {
      #expect(PromptTemplate.startsWithVowelSound(word), "\(word)")
    }
    for word in ["fear", "unity", "euphoria", "sadness", ""] {
      #expect(!PromptTemplate.startsWithVowelSound(word), "\(word)")
    }
  }
}
