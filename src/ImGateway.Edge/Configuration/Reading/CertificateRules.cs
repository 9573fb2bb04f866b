namespace ImGateway.Edge.Configuration.Reading;

/// <summary>Rules for <c>Certificates</c> and <c>DataDirectory</c> that need no file to be opened.</summary>
static class CertificateRules
{
    const string Source = "Edge:Certificates:Source";
    const string AllowSelfSigned = "Edge:Certificates:AllowSelfSigned";
    const string Files = "Edge:Certificates:Files";
    const string PathRemedy = "write the path of a file";

    public static void Check(EdgeOptions options, ProblemCollector problems)
    {
        var certificates = options.Certificates;
        if (certificates.Source is null) problems.Missing(Source, "write Acme, Files or SelfSigned");
        if (certificates is { Source: CertificateSource.SelfSigned, AllowSelfSigned: false }
            && problems.IsValid(AllowSelfSigned) && !problems.IsMisspelled(AllowSelfSigned))
        {
            problems.Invalid(Source, "SelfSigned is for development", $"set {AllowSelfSigned} to true, or use Acme or Files");
        }

        if (certificates is { Source: CertificateSource.Files, Files.Count: 0 }) problems.Missing(Files, "list { \"Certificate\": FILE, \"Key\": FILE }");
        for (var i = 0; i < certificates.Files.Count; i++) CheckFile(certificates.Files[i], problems.KeyOf(certificates.Files, i, Files), problems);
        CheckPath(options.DataDirectory, "Edge:DataDirectory", "write the path of a directory", problems);
    }

    static void CheckFile(CertificateFile file, string key, ProblemCollector problems)
    {
        if (file.Certificate.Length == 0) problems.Missing($"{key}:Certificate", PathRemedy);
        else CheckPath(file.Certificate, $"{key}:Certificate", PathRemedy, problems);
        CheckPath(file.Key, $"{key}:Key", PathRemedy, problems);
        CheckPath(file.Chain, $"{key}:Chain", PathRemedy, problems);
        CheckPath(file.PasswordFile, $"{key}:PasswordFile", PathRemedy, problems);
        if (file is { Password: not null, PasswordFile: not null }) problems.Invalid($"{key}:PasswordFile", "Password is given too", "keep one of them");
    }

    static void CheckPath(string? path, string key, string remedy, ProblemCollector problems)
    {
        if (path is null) return;
        if (string.IsNullOrWhiteSpace(path)) problems.Invalid(key, "is empty", remedy);
        else if (path.Any(char.IsControl)) problems.Invalid(key, "has control characters", remedy);
    }
}
