using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates.Files;

/// <summary>Reads certificate files in the usual formats: returns a credential, or all problems. For one pass, because it keeps the machine's roots.</summary>
sealed class CertificateFileReader(CertificateChecks checks, TimeProvider time)
{
    public CertificateFileReader(IReadOnlyList<HostName> hosts, TimeProvider time)
        : this(new CertificateChecks(hosts, new MachineRoots().Trusts), time)
    {
    }

    public CertificateReading Read(CertificateFile file) => Read(FileContents.Read(file));

    public CertificateReading Read(FileContents contents)
    {
        try
        {
            return ReadChain(contents);
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException)
        {
            // Loadable, but its extensions cannot be parsed; clients could not parse them either.
            var file = contents.File.Certificate;
            return new(contents.File, Credential: null, [], [new(file, "holds a damaged certificate", "fetch it anew from where it came from")], []);
        }
    }

    CertificateReading ReadChain(FileContents contents)
    {
        var file = contents.File;
        List<CertificateProblem> problems = [.. contents.Problems], warnings = [];
        if (problems.Count > 0) return new(file, Credential: null, [], problems, warnings);

        // 1. The certificate with its key, and all other certificates in the files.
        var (leaf, others) = UnsupportedFormats.IsPfx(contents.Certificate)
            ? ReadPfx(contents, problems)
            : ReadPem(contents, problems);
        others = [.. others, .. contents.Chain is { } chainFile ? ParsePem(file.Chain!, chainFile, problems)?.Certificates ?? [] : []];
        if (leaf is null) return new(file, Credential: null, [], problems, warnings);

        // 2. The chain: issuers in order, as far as clients need them.
        var now = time.GetUtcNow();
        var chain = checks.Shorten(CertificateChain.Order(leaf, others, now), now);
        warnings.AddRange(CertificateChecks.LeftOut(file.Certificate, chain, now));
        warnings.AddRange(chain.Unrelated.Select(other =>
            new CertificateProblem(file.Certificate, $"'{other.Subject}' is no part of the chain and is not sent", "remove it")));

        // 3. Checks that clients would make.
        problems.AddRange(checks.Problems(file.Certificate, chain, now, file.Key));
        warnings.AddRange(checks.Warnings(file.Certificate, chain, now));
        var names = CertificateNames.Of(leaf);
        var credential = new Credential(leaf, chain.Delivered, names) { Chain = checks.StateOf(chain) };
        return problems.Count == 0
            ? new(file, credential, names, problems, warnings)
            : new(file, Credential: null, names, problems, warnings) { Untimely = problems.TrueForAll(problem => problem.IsDateProblem) ? credential : null };
    }

    static (X509Certificate2? Leaf, IEnumerable<X509Certificate2> Others) ReadPem(FileContents contents, List<CertificateProblem> problems)
    {
        var file = contents.File;
        var keyPath = contents.Key is null ? file.Certificate : file.Key!;
        if (ParsePem(file.Certificate, contents.Certificate, problems) is not { } document
            || (contents.Key is null ? document : KeysOf(keyPath, contents.Key, problems)) is not { } keyDocument) return (null, []);
        if (contents.Key is null && document.Keys.Count == 0)
        {
            problems.Add(new(file.Certificate, "holds no private key and no Key is configured", "name the key's file as Key"));
            return (null, []);
        }

        using var key = PrivateKeyReader.Read(keyPath, contents.Key ?? contents.Certificate, keyDocument.Keys, contents.Password, problems);
        if (key is null) return (null, []);
        var own = document.Certificates.FirstOrDefault(key.Owns);
        if (own is not null) return (key.Bind(own), document.Certificates);
        if (key is RSA && document.Certificates.FirstOrDefault(certificate => certificate.IsForPss()) is { } pss)
        {
            problems.Add(new(file.Certificate, "the certificate is for a key of RSA-PSS alone, which is not supported", Remedies.RequestFor(keyPath, CertificateNames.Of(pss))));
            return (null, []);
        }

        problems.Add(new(keyPath,
            $"the key does not belong to {(document.Certificates.Count == 1 ? "the certificate" : $"any of the {document.Certificates.Count} certificates")} in {file.Certificate}",
            Remedies.ComparePublicKeys(keyPath, file.Certificate))
        {
            AwaitsOtherPart = contents.Key is not null,
        });
        return (null, []);
    }

    static PemDocument? ParsePem(string path, byte[] content, List<CertificateProblem> problems)
    {
        try
        {
            var document = PemDocument.Parse(content);
            if (document.Certificates.Count > 0) return document;
            problems.Add(UnsupportedFormats.OfCertificates(path, content)
                ?? new(path, "holds no certificate", "name the PEM file that begins with BEGIN CERTIFICATE, or a PFX file"));
        }
        catch (PemException e)
        {
            problems.Add(new(path, e.Message, "fetch it anew from where it came from"));
        }

        return null;
    }

    static PemDocument? KeysOf(string path, byte[] content, List<CertificateProblem> problems)
    {
        try
        {
            return PemDocument.KeysOf(content);
        }
        catch (PemException e)
        {
            problems.Add(new(path, e.Message, "copy it anew from where it came from"));
            return null;
        }
    }

    static (X509Certificate2? Leaf, IEnumerable<X509Certificate2> Others) ReadPfx(FileContents contents, List<CertificateProblem> problems)
    {
        var path = contents.File.Certificate;
        if (contents.Key is not null)
        {
            problems.Add(new(path, "is PFX (PKCS#12), which holds its key itself", "remove Key, or name a PEM certificate"));
            return (null, []);
        }

        try
        {
            // macOS does not support ephemeral keys.
            var storage = OperatingSystem.IsMacOS() ? X509KeyStorageFlags.Exportable : X509KeyStorageFlags.EphemeralKeySet | X509KeyStorageFlags.Exportable;
            var all = X509CertificateLoader.LoadPkcs12Collection(contents.Certificate, contents.Password?.Reveal(), storage);
            var withKey = all.Where(certificate => certificate.HasPrivateKey).ToList();
            if (withKey.Count == 1) return (withKey[0], all.Except(withKey));
            problems.Add(new(path, $"holds {withKey.Count} certificates with a private key", "export exactly one, with its chain"));
        }
        catch (CryptographicException e) when (PfxAlgorithms.UnknownOf(e) is { } unknown)
        {
            problems.Add(new(path, $"is protected by {unknown.Name}, which is not supported", Remedies.PemOfPfx(path, unknown.IsIntegrityCode)));
        }
        catch (CryptographicException)
        {
            problems.Add(contents.Password is null
                ? new(path, "cannot be opened without a password, or is damaged", "set Password or PasswordFile for it")
                : new(path, "cannot be opened with this password, or is damaged", Remedies.TryPfxPassword(path)));
        }

        return (null, []);
    }
}
