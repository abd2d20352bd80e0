// The words that protoc-gen-swift does not take as they are. There is no package of it for the
// machines that run the tests, so this says what it would do.

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

/** Swift's own words. A declaration quotes them; whoever uses the name does not. */
export const QUOTED_IN_SWIFT: ReadonlySet<string> = new Set(
  words(`
    associatedtype class deinit enum extension fileprivate func import init inout internal let open
    operator private protocol public static struct subscript typealias var
    break case continue default defer do else fallthrough for guard if in repeat return switch where
    while
    Any as catch false is nil rethrows self Self super throw throws true try
    associativity optional required
  `),
);

/** What every message or enum has already. These names get a suffix. */
export const RENAMED_IN_SWIFT: ReadonlySet<string> = new Set(
  words(`
    isInitialized unknownFields debugDescription description dynamicType hashValue init self Type
    Protocol Extensions SwiftProtobuf protoMessageName decodeMessage traverse allCases rawValue
    Bool Data Double Float Int Int32 Int64 String UInt UInt32 UInt64
  `),
);
