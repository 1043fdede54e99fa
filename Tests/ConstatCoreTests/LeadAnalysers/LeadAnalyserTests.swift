import ConstatCore
import Testing

@Suite struct LeadAnalyserTests {
  private func booking(
    _ technician: String, appointment: String, city: String? = "Lyon", insee: String? = nil,
    half: HalfDay = .morning, analyser: String = "m1", hour: Int64 = 8
  ) -> LeadAnalyserBooking {
    LeadAnalyserBooking(
      analyserID: analyser, slot: HalfDaySlot(day: Day(year: 2027, month: 1, day: 4)!, halfDay: half),
      appointmentID: appointment, technicianID: technician, technicianName: technician.uppercased(),
      city: city, inseeCode: insee, startsAt: Instant(secondsSinceEpoch: 1_798_963_200 + hour * 3600))
  }

  @Test func `an analyser held by another technician is refused with who, where and when (PLA-15)`() {
    let held = booking("marc", appointment: "a1")
    #expect(throws: LeadAnalyserError.taken(by: held)) {
      try booking("lea", appointment: "a2").checked(among: [held], handOver: false)
    }
  }

  @Test func `the other half-day, another machine and the same appointment are free`() throws {
    let held = booking("marc", appointment: "a1")
    #expect(
      try booking("lea", appointment: "a2", half: .afternoon).checked(among: [held], handOver: false) == false
    )
    #expect(
      try booking("lea", appointment: "a2", analyser: "m2").checked(among: [held], handOver: false) == false)
    #expect(try booking("lea", appointment: "a1").checked(among: [held], handOver: false) == false)
  }

  @Test func `the same technician keeps his machine for the next visit`() throws {
    let held = booking("marc", appointment: "a1")
    #expect(
      try booking("marc", appointment: "a2", city: "Paris").checked(among: [held], handOver: false) == true)
  }

  @Test func `a hand-over is for the same commune only (PLA-16, AMB-26)`() throws {
    let held = booking("marc", appointment: "a1", city: "Saint-Étienne")
    #expect(
      try booking("lea", appointment: "a2", city: "ST ETIENNE").checked(among: [held], handOver: true) == true
    )
    #expect(throws: LeadAnalyserError.handOverAcrossCommunes(from: held)) {
      try booking("lea", appointment: "a2", city: "Lyon").checked(among: [held], handOver: true)
    }
    #expect(throws: LeadAnalyserError.handOverAcrossCommunes(from: held)) {
      try booking("lea", appointment: "a2", city: nil).checked(among: [held], handOver: true)
    }
  }

  @Test func `where both have an INSEE code it decides, not the name`() {
    let one = booking("marc", appointment: "a1", city: "Saint-Denis", insee: "93066")
    let other = booking("lea", appointment: "a2", city: "Saint-Denis", insee: "97411")
    #expect(!one.isInSameCommune(as: other))
    #expect(one.isInSameCommune(as: booking("lea", appointment: "a2", city: "St Denis", insee: nil)))
    #expect(one.isInSameCommune(as: booking("lea", appointment: "a2", city: "x", insee: "93066")))
  }

  @Test func `a third technician must be in the commune of both holders`() {
    let first = booking("marc", appointment: "a1", insee: "69381")
    let second = booking("zoe", appointment: "a2", city: "Lyon", insee: nil, hour: 9)
    #expect(throws: LeadAnalyserError.handOverAcrossCommunes(from: second)) {
      try booking("lea", appointment: "a3", city: nil, insee: "69381")
        .checked(among: [second, first], handOver: true)
    }
  }

  @Test func `a mission without lead gets no analyser (PLA-14)`() throws {
    #expect(throws: LeadAnalyserError.notNeeded) {
      try LeadAnalyserBooking.checkNeeded(missionNeedsAnalyser: false)
    }
    try LeadAnalyserBooking.checkNeeded(missionNeedsAnalyser: true)
  }

  @Test func `folding ignores accents and case, joined or apart`() {
    #expect(FoldedText.fold("ÉLÉGANT Œuvre Çà") == "elegant oeuvre ca")
    #expect(FoldedText.fold("e\u{301}te\u{301}") == "ete")
    #expect(FoldedText.town("L'Haÿ-les-Roses") == "l hay les roses")
  }
}
