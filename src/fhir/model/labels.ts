// Tags and security labels. https://hl7.org/fhir/R4/resource-operation-meta-add.html: "the identity of a tag or security label is the
// system+code … version and display are ignored"

export interface Label {
  system?: string;
  code?: string;
}

export const labelIdentity = ({
  system = '',
  code = '',
}: {
  system?: string | undefined;
  code?: string | undefined;
}): string => `${system}|${code}`;
