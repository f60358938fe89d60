// A person's name as pages and mails say it. https://hl7.org/fhir/R4/datatypes.html#HumanName

interface Name {
  use?: string | undefined;
  text?: string | undefined;
  prefix?: readonly string[] | undefined;
  given?: readonly string[] | undefined;
  family?: string | undefined;
}

/** The official or the usual one, else the first: a maiden name or a pseudonym may stand before them. Undefined where nobody is named. */
export function nameAmong(names: readonly Name[] = []): string | undefined {
  const name = names.find(({ use }) => use === 'official' || use === 'usual') ?? names[0];
  if (name === undefined) return undefined;
  const parts = [...(name.prefix ?? []), ...(name.given ?? []), name.family].filter(Boolean).join(' ');
  return name.text || parts || undefined;
}
