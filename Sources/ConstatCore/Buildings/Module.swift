/// A unit of a building: the flat, the shop, the common parts.
public enum Module {
  public static let fields = FieldSet([
    .id, .required("building_id", .uuid, writable: .creation), .required("label", .requiredLine),
    .optional("property_type", .choice(PropertyType.self)), .optional("lot_number", .text(max: 50)),
    .optional("floor", .text(max: 50)), .optional("door", .text(max: 50)),
    .optional("staircase", .text(max: 50)), .optional("floor_area_hundredths", .floorArea),
    .optional("room_count", .roomCount), .optional("comment", .comment),
  ])
}
