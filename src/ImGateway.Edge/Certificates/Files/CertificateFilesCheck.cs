using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates.Files;

/// <summary>The checks of <c>imgw validate</c> and of the start for certificate files. Reads files, changes nothing.</summary>
public static class CertificateFilesCheck
{
    const string Files = "Edge:Certificates:Files";

    /// <summary>Returns complete lines: file or configuration key, problem, remedy.</summary>
    public static IEnumerable<string> Problems(EdgeOptions options, TimeProvider time)
    {
        var reader = new CertificateFileReader(options.Hosts, time);
        List<CertificateReading> readings = [.. options.Certificates.Files.Distinct().Select(reader.Read)];
        return Early(readings).Concat(Problems(options, readings));
    }

    /// <summary>Reads the files for the checks. Without valid hosts, names are not checked.</summary>
    internal static IReadOnlyList<CertificateReading> Read(ConfigurationResult configuration, TimeProvider time)
    {
        var reader = new CertificateFileReader(configuration.IsValid("Edge:Hosts") ? configuration.Draft.Hosts : [], time);
        return [.. Readable(configuration.Draft).Select(reader.Read)];
    }

    /// <summary>
    /// The same checks for a configuration that may have other problems, with the test handshakes that a certificate must pass to be served. A file
    /// that is missing is always reported, so that one run of <c>validate</c> reports everything.
    /// </summary>
    /// <param name="readings">The result of <see cref="Read"/>.</param>
    internal static async Task<IEnumerable<string>> ProblemsAsync(
        ConfigurationResult configuration, IReadOnlyList<CertificateReading> readings, ITlsEngine engine, TimeProvider time, CancellationToken cancellationToken)
    {
        // 1. Each file by itself.
        var options = configuration.Draft;
        if (!configuration.IsValid("Edge:Hosts") || !configuration.IsValid(Files) || !configuration.IsValid("Edge:Certificates:Source"))
        {
            return [.. readings.SelectMany(reading => reading.Problems).Select(problem => problem.ToString())];
        }

        // 2. Every host has a certificate.
        List<string> problems = [.. Early(readings), .. Problems(options, readings)];

        // 3. Test handshakes. A TLS policy that is not in force would fail any certificate, and is reported separately.
        if (!configuration.IsValid("Edge:Tls") || (await TlsPolicySelfTest.ProblemsAsync(configuration, engine, time, cancellationToken)).Count > 0) return problems;
        foreach (var served in HostCertificate.Choose(options.Hosts, Offers(readings), time.GetUtcNow()).GroupBy(entry => entry.Value))
        {
            var credentials = served.ToDictionary(entry => entry.Key, entry => entry.Value.Credential);
            if (await CertificateSwap.DryRunAsync(credentials, options, engine, time, cancellationToken) is { } failure)
            {
                problems.Add(SingleLine.Escape($"{served.Key.Origin}: {failure}; have it issued anew, with fewer names or another key"));
            }
        }

        return problems;
    }

    /// <summary>Returns warnings, as complete lines, about certificates that are served nevertheless. A deferred certificate is a problem of <see cref="ProblemsAsync"/>.</summary>
    /// <param name="readings">The result of <see cref="Read"/>.</param>
    internal static IEnumerable<string> Warnings(ConfigurationResult configuration, IReadOnlyList<CertificateReading> readings, TimeProvider time)
    {
        var warnings = readings.SelectMany(reading => reading.Warnings).Where(warning => !warning.IsEarly);
        return warnings.Concat(configuration.IsValid("Edge:Hosts") ? Unused(configuration.Draft, readings, time.GetUtcNow()) : []).Select(warning => warning.ToString());
    }

    /// <summary>Returns warnings, as complete lines, about chains that may not lead to a root. They are served nevertheless.</summary>
    internal static IEnumerable<string> ChainWarnings(IReadOnlyList<CertificateReading> readings) =>
        from offer in Offers(readings)
        let warning = ChainWarning.Of(offer)
        where warning is not null
        select warning.ToString();

    static IReadOnlyList<CertificateProblem> Unused(EdgeOptions options, IEnumerable<CertificateReading> readings, DateTimeOffset now)
    {
        var offers = Offers(readings);
        return new UnusedFiles(options, offers, HostCertificate.Choose(options.Hosts, offers, now), now).Problems();
    }

    static IReadOnlyList<HostCertificate> Offers(IEnumerable<CertificateReading> readings) =>
        [.. readings.Where(reading => reading.Credential is not null).Select(reading => new HostCertificate(reading.Credential!, HostCertificate.Files, reading.File.Certificate))];

    /// <summary>Certificates that are not valid yet. An edge without a better one serves them nevertheless; clients reject them.</summary>
    static IEnumerable<string> Early(IEnumerable<CertificateReading> readings) =>
        readings.SelectMany(reading => reading.Warnings).Where(warning => warning.IsEarly).Select(warning => warning.ToString());

    /// <summary>Files with valid paths; invalid paths are reported when the configuration is read.</summary>
    internal static IEnumerable<CertificateFile> Readable(EdgeOptions options) => options.Certificates.Files.Distinct().Where(file =>
        new[] { file.Certificate, file.Key ?? ".", file.Chain ?? ".", file.PasswordFile ?? "." }.All(path => !string.IsNullOrWhiteSpace(path) && !path.Any(char.IsControl)));

    /// <summary>The hosts that no file covers; none if a file is unreadable, because it may cover any host.</summary>
    internal static IEnumerable<HostName> UncoveredHosts(EdgeOptions options, IReadOnlyList<CertificateReading> readings) =>
        readings.Any(reading => reading.Credential is null && reading.Names.Count == 0) ? [] : Uncovered(options.Hosts, readings.SelectMany(reading => reading.Names));

    static IEnumerable<HostName> Uncovered(IEnumerable<HostName> hosts, IEnumerable<HostName> names)
    {
        var values = names.Select(name => name.Value).ToHashSet(StringComparer.Ordinal);
        return hosts.Where(host => !host.MatchingValues().Any(values.Contains));
    }

    internal static IEnumerable<string> Problems(EdgeOptions options, IReadOnlyList<CertificateReading> readings)
    {
        foreach (var problem in readings.SelectMany(reading => reading.Problems)) yield return problem.ToString();
        if (options.Certificates.Source != CertificateSource.Files) yield break;
        if (readings.Count == 0)
        {
            yield return $"{Files}: is empty, but Edge:Certificates:Source is Files; name a certificate and its key";
            yield break;
        }

        foreach (var host in UncoveredHosts(options, readings))
        {
            yield return $"Edge:Hosts: {host} is covered by no certificate in Edge:Certificates:Files; add a file that covers it, or remove the host";
        }
    }
}
