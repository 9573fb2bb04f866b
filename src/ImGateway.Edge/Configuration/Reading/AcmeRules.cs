
namespace ImGateway.Edge.Configuration.Reading;

/// <summary>Rules for <c>Acme</c> and <c>Certificates:OnChange</c>, and what they require of other sections. No file is opened.</summary>
static class AcmeRules
{
    const string Section = "Edge:Acme";
    const string Challenges = $"{Section}:Challenges";
    const string DnsHook = $"{Section}:DnsHook";
    const string KeyId = $"{Section}:ExternalAccount:KeyId";
    const string HmacKeyFile = $"{Section}:ExternalAccount:HmacKeyFile";

    public static void Check(EdgeOptions options, ProblemCollector problems)
    {
        CheckValues(options.Acme, problems);
        CheckChallenges(options.Acme, problems);
        if (options.Certificates.OnChange is ["", ..] or [[' ', ..], ..])
        {
            problems.Invalid(problems.KeyOf(options.Certificates.OnChange, 0, "Edge:Certificates:OnChange"), "names no program", "write the path of a program, its arguments behind it");
        }

        if (options.Certificates.Source is not CertificateSource.Acme) return;
        CheckAccount(options.Acme, problems);
        CheckListeners(options, problems);
        CheckHosts(options, problems);
    }

    static void CheckValues(AcmeSection acme, ProblemCollector problems)
    {
        if (AcmeDirectories.UrlOf(acme.Directory) is null) problems.Invalid($"{Section}:Directory", $"{SingleLine.Quote(acme.Directory)} is no CA", AcmeDirectories.Remedy);
        if (acme.Email is { } email && !IsAddress(email)) problems.Invalid($"{Section}:Email", "is no mail address", "write name@domain, or remove it");
        if (acme.RenewAt is < 0 or >= 1)
        {
            problems.Invalid($"{Section}:RenewAt", FormattableString.Invariant($"{acme.RenewAt} is out of range"), "write 0 (as the CA asks) or a fraction of the lifetime below 1, such as 0.35");
        }

        CheckText(acme.DnsHook, DnsHook, "write the path of a program, or remove it", problems);
        CheckText(acme.Profile, $"{Section}:Profile", "write one of the profiles that the CA lists, or remove it", problems);
        CheckText(acme.PreferredChain, $"{Section}:PreferredChain", "write the common name of an issuer, or remove it", problems);
        CheckText(acme.TrustedRootsFile, $"{Section}:TrustedRootsFile", "write the path of a PEM file, or remove it", problems);
        CheckText(acme.ExternalAccount.KeyId, KeyId, "write the key's id that the CA gave, or remove it", problems);
        CheckText(acme.ExternalAccount.HmacKeyFile, HmacKeyFile, "write the path of a file, or remove it", problems);
        if (acme.ExternalAccount is { KeyId: not null, HmacKeyFile: null }) problems.Missing(HmacKeyFile, $"name the file that holds the HMAC key of {KeyId}");
        if (acme.ExternalAccount is { KeyId: null, HmacKeyFile: not null }) problems.Missing(KeyId, $"write the id that the CA gave with the key in {HmacKeyFile}");
    }

    static void CheckChallenges(AcmeSection acme, ProblemCollector problems)
    {
        if (acme.Challenges.Count == 0 && problems.IsValid(Challenges)) problems.Invalid(Challenges, "nothing could be proved to a CA", $"list some of {string.Join(", ", ChallengeTypes.All)}");
        for (var i = 0; i < acme.Challenges.Count; i++)
        {
            var challenge = acme.Challenges[i];
            var key = problems.KeyOf(acme.Challenges, i, Challenges);
            if (!ChallengeTypes.All.Contains(challenge, StringComparer.Ordinal)) problems.Invalid(key, $"{SingleLine.Quote(challenge)} is no challenge", $"choose among {string.Join(", ", ChallengeTypes.All)}");
            else if (acme.Challenges.Take(i).Contains(challenge, StringComparer.Ordinal)) problems.Invalid(key, $"'{challenge}' is listed twice", "remove one");
        }

        var byHook = acme.Challenges.Contains(ChallengeTypes.Dns, StringComparer.Ordinal);
        if (byHook && acme.DnsHook is null) problems.Missing(DnsHook, $"name the program that sets DNS records, or remove {ChallengeTypes.Dns} from {Challenges}");
        if (!byHook && acme.DnsHook is not null && problems.IsValid(Challenges) && problems.IsValid(DnsHook))
        {
            problems.Invalid(DnsHook, $"would never be run: {ChallengeTypes.Dns} is not among {Challenges}", "add it there, or remove the hook");
        }
    }

    static void CheckAccount(AcmeSection acme, ProblemCollector problems)
    {
        const string terms = $"{Section}:AcceptTermsOfService";
        if (!acme.AcceptTermsOfService && problems.IsValid(terms) && !problems.IsMisspelled(terms))
        {
            problems.Invalid(terms, "must be true for a CA to issue", $"read the terms of {acme.Directory} ({AcmeDirectories.TermsOf(acme.Directory)}) and set it to true");
        }

        if (acme is { Directory: var directory, ExternalAccount: { KeyId: null, HmacKeyFile: null } } && AcmeDirectories.UrlOf(directory) == AcmeDirectories.UrlOf(AcmeDirectories.ZeroSsl))
        {
            problems.Missing(KeyId, $"ZeroSSL binds accounts to its customers: create EAB credentials there, write the id here and the key into {HmacKeyFile}");
        }
    }

    static void CheckListeners(EdgeOptions options, ProblemCollector problems)
    {
        for (var i = 0; i < options.Acme.Challenges.Count; i++)
        {
            var (challenge, listener, count) = options.Acme.Challenges[i] switch
            {
                ChallengeTypes.Http => (ChallengeTypes.Http, "Edge:Listen:Http", options.Listen.Http.Count),
                ChallengeTypes.TlsAlpn => (ChallengeTypes.TlsAlpn, "Edge:Listen:Https", options.Listen.Https.Count),
                _ => ("", "", 1),
            };
            if (count > 0 || !problems.IsValid(listener)) continue;
            problems.Invalid(problems.KeyOf(options.Acme.Challenges, i, Challenges), $"'{challenge}' is answered on {listener}, which is empty", $"give that an address, or list only other challenges in {Challenges}");
        }
    }

    /// <summary>Hosts that certificate files cover need no CA, which is known only after the files have been read.</summary>
    static void CheckHosts(EdgeOptions options, ProblemCollector problems)
    {
        if (options.Certificates.Files.Count > 0 || !problems.IsValid("Edge:Certificates:Files") || !problems.IsValid(Challenges) || !problems.IsValid($"{Section}:Directory")) return;
        for (var i = 0; i < options.Hosts.Count; i++)
        {
            if (AcmeHosts.FaultOf(options.Hosts[i], options.Acme) is { } found) problems.Invalid(problems.KeyOf(options.Hosts, i, "Edge:Hosts"), found.Fault, found.Remedy);
        }
    }

    static void CheckText(string? value, string key, string remedy, ProblemCollector problems)
    {
        if (value is null) return;
        if (string.IsNullOrWhiteSpace(value)) problems.Invalid(key, "is empty", remedy);
        else if (value.Any(char.IsControl)) problems.Invalid(key, "has control characters", remedy);
    }

    static bool IsAddress(string text) =>
        text.Split('@') is [{ Length: > 0 } name, var domain] && name.All(c => c is > ' ' and < (char)127 and not (',' or ';' or '<' or '>'))
        && domain.Contains('.') && HostName.TryParse(domain, out var host) && host is { IsAddress: false, IsWildcard: false };
}
