using System.Buffers.Text;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Acme.Protocol;

namespace ImGateway.Acme;

/// <summary>
/// A CA with an ACME server (RFC 8555). Thread-safe. Every method throws <see cref="AcmeException"/> if the CA or the
/// network fails, and <see cref="OperationCanceledException"/> if it is cancelled.
/// </summary>
public sealed class AcmeServer : IDisposable
{
    readonly AcmeTransport _transport;

    AcmeServer(Uri directoryUri, AcmeDirectory directory, AcmeTransport transport)
    {
        DirectoryUri = directoryUri;
        Directory = directory;
        _transport = transport;
    }

    public Uri DirectoryUri { get; }

    public AcmeDirectory Directory { get; }

    /// <summary>The <c>Date</c> header of the last response, to compare clocks; null if the CA sends none.</summary>
    public DateTimeOffset? ServerDate => _transport.ServerDate;

    internal AcmeTransport Transport => _transport;

    /// <summary>Fetches the directory.</summary>
    /// <exception cref="ArgumentException">The URL is not an https URL.</exception>
    public static async Task<AcmeServer> ConnectAsync(Uri directory, AcmeServerOptions? options = null, CancellationToken cancellationToken = default)
    {
        if (!CaUrl.IsUsable(directory)) throw new ArgumentException("The directory of a CA is an https URL.", nameof(directory));
        var transport = new AcmeTransport(options ?? new AcmeServerOptions());
        try
        {
            var known = AcmeDirectory.Parse(await transport.GetAsync("directory", directory, cancellationToken));
            transport.NewNonce = known.NewNonce;
            return new AcmeServer(directory, known, transport);
        }
        catch
        {
            transport.Dispose();
            throw;
        }
    }

    /// <summary>Registers an account for the key (RFC 8555 §7.3). If the key is registered already, returns that account unchanged.</summary>
    public async Task<AcmeAccount> RegisterAsync(AcmeKey key, AccountRequest request, CancellationToken cancellationToken = default)
    {
        var payload = Json.Write(json =>
        {
            if (request.Contacts.Count > 0) AccountPayload.WriteContacts(json, request.Contacts);
            if (request.TermsOfServiceAgreed) json.WriteBoolean("termsOfServiceAgreed", true);
            if (request.ExternalAccount is { } external)
            {
                json.WritePropertyName("externalAccountBinding");
                json.WriteRawValue(JsonWebSignature.Bind(key, external, Directory.NewAccount));
            }
        });
        return await NewAccountAsync(key, payload, cancellationToken);
    }

    /// <summary>Finds the account of a registered key (RFC 8555 §7.3.1). Fails with <c>accountDoesNotExist</c> if there is none.</summary>
    public Task<AcmeAccount> FindAccountAsync(AcmeKey key, CancellationToken cancellationToken = default) =>
        NewAccountAsync(key, Json.Write(json => json.WriteBoolean("onlyReturnExisting", true)), cancellationToken);

    /// <summary>Creates an account object from a known URL, without a request.</summary>
    /// <exception cref="ArgumentException">The location is not an https URL.</exception>
    public AcmeAccount Account(AcmeKey key, Uri location) => CaUrl.IsUsable(location)
        ? new AcmeAccount(this, key, location)
        : throw new ArgumentException("The location of an account is an https URL.", nameof(location));

    /// <summary>Fetches the suggested renewal window (RFC 9773 §4); needs no account. Null if the CA or the certificate has no ARI.</summary>
    public async Task<RenewalInfo?> GetRenewalInfoAsync(X509Certificate2 certificate, CancellationToken cancellationToken = default)
    {
        if (Directory.RenewalInfo is not { } address || CertificateId.Of(certificate) is not { } id) return null;
        var url = new Uri($"{address.AbsoluteUri.TrimEnd('/')}/{id}");
        return RenewalInfo.Parse(await _transport.GetAsync("renewalInfo", url, cancellationToken));
    }

    /// <summary>Revokes a certificate with its own key, without an account (RFC 8555 §7.6).</summary>
    public Task RevokeAsync(
        X509Certificate2 certificate, AcmeKey certificateKey, RevocationReason reason, CancellationToken cancellationToken = default) =>
        RevokeAsync(certificate, new JwsSigner(certificateKey), reason, cancellationToken);

    /// <summary>Closes the connections. Account objects of this server cannot be used afterwards.</summary>
    public void Dispose() => _transport.Dispose();

    internal Task RevokeAsync(X509Certificate2 certificate, JwsSigner signer, RevocationReason reason, CancellationToken cancellationToken)
    {
        var payload = Json.Write(json =>
        {
            json.WriteString("certificate", Base64Url.EncodeToString(certificate.RawDataMemory.Span));
            json.WriteNumber("reason", (int)reason);
        });
        return _transport.PostAsync("revokeCert", Directory.RevokeCertificate, signer, payload, cancellationToken);
    }

    async Task<AcmeAccount> NewAccountAsync(AcmeKey key, byte[] payload, CancellationToken cancellationToken)
    {
        var response = await _transport.PostAsync("newAccount", Directory.NewAccount, new JwsSigner(key), payload, cancellationToken);
        return new AcmeAccount(this, key, response.RequiredLocation);
    }
}
