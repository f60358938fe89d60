// The page a browser shows at the root: where FHIR is and what to try first.

export interface Welcome {
  fhirPath: string;
  version: string;
  /** AUTH=on */
  isSignInOn: boolean;
}

export function welcomePage({ fhirPath, version, isSignInOn }: Welcome): string {
  const doors: [string, string][] = [
    ['/account', 'Your account: sign in, profile, sessions, apps'],
    ['/account/register', 'Register'],
    ['/admin', 'Administration: people, apps, roles, audit'],
    [`${fhirPath}/.well-known/smart-configuration`, 'For apps: how to sign people in (SMART)'],
    [`${fhirPath}/metadata`, 'What this server can do (CapabilityStatement)'],
    ['/readyz', 'Is it ready?'],
  ];
  const tries: [string, string][] = [
    [`${fhirPath}/metadata`, 'What this server can do (CapabilityStatement)'],
    [`${fhirPath}/Patient?_count=5&_pretty=true`, 'Five patients'],
    [
      `${fhirPath}/Observation?_sort=-date&_count=5&_include=Observation:subject&_pretty=true`,
      'The newest observations, with their patients',
    ],
    [`${fhirPath}/Location/$bed-availability?_pretty=true`, 'Free beds by type and ward'],
    [`${fhirPath}/OperationDefinition?_elements=code,resource,description&_pretty=true`, 'The operations'],
    ['/readyz', 'Is it ready?'],
  ];
  const rows = (isSignInOn ? doors : tries)
    .map(([path, what]) => `<li><a href="${path.replace(/&/g, '&amp;')}">${what}</a></li>`)
    .join('\n');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Wardgate</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 42rem; margin: 0 auto; padding: 2rem 1rem; color: #1c2733; background: #fff }
h1 { font-size: 1.75rem; margin: 0 } p { margin: .5rem 0 1.5rem } a { color: #0b5cad } li { padding: .35rem 0 }
code { background: #eef2f6; padding: .1rem .35rem; border-radius: .25rem } footer { margin-top: 2rem; color: #5b6b7b; font-size: .875rem }
@media (prefers-color-scheme: dark) { body { color: #e6edf3; background: #12181f } a { color: #7cb8ff } code { background: #222c37 } footer { color: #93a4b5 } }
</style>
</head>
<body>
<main>
<h1>Wardgate</h1>
<p>A FHIR R4 server. Its base is <code>${fhirPath}</code>.</p>
<ul>
${rows}
</ul>
</main>
<footer>Version ${version}.${isSignInOn ? '' : ' Nobody signs in here (AUTH=off): whoever reaches this server reads and writes everything.'}</footer>
</body>
</html>
`;
}
