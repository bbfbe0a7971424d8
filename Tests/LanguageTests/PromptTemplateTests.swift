import Language
import Platform
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

  @Test func namesAreDistinct() {
    #expect(PromptTemplate.knowledgeEnhanced.count == 9)
    #expect(PromptTemplate.expCLIP.count == 10)
    #expect(PromptTemplate.knowledgeEnhanced.last == .standard)
    #expect(Set(PromptTemplate.names).count == PromptTemplate.names.count)
    #expect(PromptTemplate.find("exp-clip-p4")?.count == 5)
    #expect(
      PromptTemplate.find("exp-clip-p3")?[0].text
        == "a photo of a face with an expression of {noun}.")
    #expect(PromptTemplate.find("id-photo")?.count == 1)
    #expect(PromptTemplate.find("no such template") == nil)
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

  @Test func adjectivesAndArticles() {
    let template = PromptTemplate(
      "{A} {adjective} person shows {a} expression of {noun}; {a} {noun}")
    #expect(
      template?.prompt(for: .init(noun: "anger", adjective: "angry"))
        == "An angry person shows an expression of anger; an anger")
    #expect(PromptTemplate("{a} face") == nil)
  }

  @Test func wordsAndTemplatesMultiply() throws {
    let prompts = try ClassPrompts(
      ["happiness", "calm"], templates: PromptTemplate.find("exp-clip-p4") ?? [],
      words: ["happiness": ["joy", "happiness"]])
    #expect(prompts.prompts.map(\.count) == [10, 5])
    #expect(prompts.all[0] == "joy." && prompts.all[10] == "calm.")
    let adjective = try #require(PromptTemplate("{a} {adjective} face"))
    let angry = try ClassPrompts(["anger"], templates: [adjective])
    #expect(angry.all == ["an angry face"])
    #expect(throws: Fault.self) { try ClassPrompts(["calm"], templates: [adjective]) }
    #expect(throws: Fault.self) {
      try ClassPrompts(["calm"], templates: [.standard], words: ["rage": ["rage"]])
    }
  }
}
