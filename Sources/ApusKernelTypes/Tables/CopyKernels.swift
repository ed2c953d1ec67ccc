// The signatures of kernels that move elements: between strides, into larger shapes, by index along an axis, into panels.
// Read next: ApusKernelsBaseline/Memory/StridedAdd.swift, AlongAxis.swift.

/// Copies beside `permute` and `copyRows`: their adjoints, padding, and what an index tensor picks along an axis.
package struct CopyKernels: Sendable {
  package typealias Input = KernelTable.Input
  package typealias Output = KernelTable.Output
  package typealias Indices = KernelTable.Indices

  /// y ← value: (y, value, count)
  package var fill: @Sendable (Output, Float, _ count: Int, Schedule) -> Void
  /// The largest index, taken as unsigned: (indices, count)
  package var largestIndex: @Sendable (Indices, _ count: Int, Schedule) -> UInt32
  /// y[i · strides] ← y[i · strides] + x[i] for x of `sizes`: (x, y, sizes, strides)
  package var addStrided: @Sendable (Input, Output, _ sizes: [Int], _ strides: [Int], Schedule) -> Void
  /// (x, y, sizes of x, elements before it along each axis, sizes of y, value around it)
  package var pad:
    @Sendable (Input, Output, _ sizes: [Int], _ before: [Int], _ padded: [Int], _ value: Float, Schedule) -> Void
  /// (x, indices, y, sizes of indices and y, strides of x with 0 at the indexed axis, stride of the indexed axis)
  package var gatherAlong:
    @Sendable (Input, Indices, Output, _ sizes: [Int], _ strides: [Int], _ axisStride: Int, Schedule) -> Void
  /// (x, indices, y, sizes of indices and x, strides of y, stride of the indexed axis, number of axes before it, adds)
  package var scatterAlong:
    @Sendable (
      Input, Indices, Output, _ sizes: [Int], _ strides: [Int], _ axisStride: Int, _ axis: Int, _ adds: Bool, Schedule
    ) -> Void
  /// (x, indices, y, outer, count, chosen, inner)
  package var select:
    @Sendable (
      Input, Indices, Output, _ outer: Int, _ count: Int, _ chosen: Int, _ inner: Int, Schedule
    ) -> Void
  /// (dy, indices, dx, outer, count, chosen, inner)
  package var selectAdd:
    @Sendable (
      Input, Indices, Output, _ outer: Int, _ count: Int, _ chosen: Int, _ inner: Int, Schedule
    ) -> Void
  /// The panels in which products read B = Wᵀ: (W, its row stride, rows of W, columns of W, panels)
  package var packPanels: @Sendable (Input, _ rowStride: Int, _ rows: Int, _ columns: Int, Output, Schedule) -> Void
  /// The floats that these panels take: (rows of W, columns of W)
  package var panelCount: @Sendable (_ rows: Int, _ columns: Int) -> Int

  package init(
    fill: @escaping @Sendable (Output, Float, _ count: Int, Schedule) -> Void,
    largestIndex: @escaping @Sendable (Indices, _ count: Int, Schedule) -> UInt32,
    addStrided: @escaping @Sendable (Input, Output, _ sizes: [Int], _ strides: [Int], Schedule) -> Void,
    pad:
      @escaping @Sendable (
        Input, Output, _ sizes: [Int], _ before: [Int], _ padded: [Int], _ value: Float, Schedule
      ) -> Void,
    gatherAlong:
      @escaping @Sendable (
        Input, Indices, Output, _ sizes: [Int], _ strides: [Int], _ axisStride: Int, Schedule
      ) -> Void,
    scatterAlong:
      @escaping @Sendable (
        Input, Indices, Output, _ sizes: [Int], _ strides: [Int], _ axisStride: Int, _ axis: Int, _ adds: Bool, Schedule
      ) -> Void,
    select:
      @escaping @Sendable (
        Input, Indices, Output, _ outer: Int, _ count: Int, _ chosen: Int, _ inner: Int, Schedule
      ) -> Void,
    selectAdd:
      @escaping @Sendable (
        Input, Indices, Output, _ outer: Int, _ count: Int, _ chosen: Int, _ inner: Int, Schedule
      ) -> Void,
    packPanels:
      @escaping @Sendable (
        Input, _ rowStride: Int, _ rows: Int, _ columns: Int, Output, Schedule
      ) -> Void,
    panelCount: @escaping @Sendable (_ rows: Int, _ columns: Int) -> Int
  ) {
    self.fill = fill
    self.largestIndex = largestIndex
    self.addStrided = addStrided
    self.pad = pad
    self.gatherAlong = gatherAlong
    self.scatterAlong = scatterAlong
    self.select = select
    self.selectAdd = selectAdd
    self.packPanels = packPanels
    self.panelCount = panelCount
  }
}
