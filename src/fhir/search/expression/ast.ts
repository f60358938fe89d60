// The FHIRPath that search parameters are written in, as a tree. http://hl7.org/fhirpath/N1/ and https://hl7.org/fhir/R4/fhirpath.html

export type Node =
  /** `$this`, and what a leading name is taken from */
  | { kind: 'this' }
  /** `%resource`: the resource that the context lies in */
  | { kind: 'resource' }
  | { kind: 'literal'; value: string | number | boolean }
  | { kind: 'member'; of: Node; name: string }
  | { kind: 'index'; of: Node; at: number }
  | { kind: 'call'; of: Node; name: string; args: readonly Node[] }
  /** `is` and `as`, written as operator or as function */
  | { kind: 'is'; of: Node; type: string }
  | { kind: 'as'; of: Node; type: string }
  | { kind: 'union' | 'and' | 'or'; left: Node; right: Node }
  | { kind: 'equal'; left: Node; right: Node; isNegated: boolean };

/** What the compiler leaves to fhirpath. */
export class Unsupported extends Error {}
