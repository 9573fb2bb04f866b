using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ImGateway.Testing;

/// <summary>The CA's two listeners: HTTPS for ACME, plain HTTP for OCSP.</summary>
sealed class CaHost(WebApplication application, IssuedCertificate certificate) : IAsyncDisposable
{
    public Uri Https => Address("https");

    public Uri Http => Address("http");

    public static async Task<CaHost> StartAsync(
        IssuedCertificate certificate, int port, RequestDelegate acme, RequestDelegate ocsp, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, port, listen => listen.UseHttps(certificate.Leaf));
            kestrel.Listen(IPAddress.Loopback, 0);
        });
        var application = builder.Build();
        application.Run(context => context.Request.IsHttps ? acme(context) : ocsp(context));
        await application.StartAsync(cancellationToken);
        return new CaHost(application, certificate);
    }

    public async ValueTask DisposeAsync()
    {
        // Clients keep connections open, and some requests are never answered: no wait for either.
        using var atOnce = new CancellationTokenSource();
        await atOnce.CancelAsync();
        await application.StopAsync(atOnce.Token);
        await application.DisposeAsync();
        certificate.Dispose();
    }

    Uri Address(string scheme) =>
        application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses
            .Select(address => new Uri(address)).Single(address => address.Scheme == scheme);
}
