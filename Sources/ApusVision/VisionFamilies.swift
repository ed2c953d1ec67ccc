// The families of this wing: a new family is one more line here.
// Read first: ApusPublished/Families/ModelFamily.swift. Read next: Apus/Registry.swift, which joins the wings.

public import ApusPublished

extension ModelFamily {
  /// The families that read images.
  public static let vision: [ModelFamily] = [
    ViT.family,
    ViT.plainFamily,
  ]
}
